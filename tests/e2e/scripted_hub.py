"""A hub as `roomtone hub run` starts it, but its voice follows a script: it talks by itself, whatever was asked.

`python -m tests.e2e.scripted_hub REPLIES ...` takes the replies as a JSON list, then the options of `roomtone hub run`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from pathlib import Path

from hub.app import Hub, running
from hub.cli_run import set_up_logging
from hub.config import Settings, load_settings
from hub.engine.scripted_duplex import DuplexEngine, DuplexScript
from hub.events import EventBus
from hub.parts import make_hearing, make_home


async def serve(settings: Settings, replies: list[str], *, state_dir: Path, report_dir: Path) -> None:
    hub = Hub(
        settings,
        state_dir=state_dir,
        report_dir=report_dir,
        bus=EventBus(),
        home=make_home(settings),
        engine=DuplexEngine(DuplexScript(replies)),
        hearing=make_hearing(settings, state_dir, now_ms=lambda: time.monotonic() * 1000.0),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with running(hub, lambda line: print(line, file=sys.stderr)):
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("replies", type=json.loads)
    for name in ("config", "state-dir", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("port", "http-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    set_up_logging()
    settings = load_settings(given.config, {"network": {"port": given.port, "http_port": given.http_port}})
    asyncio.run(serve(settings, given.replies, state_dir=given.state_dir, report_dir=given.report))


if __name__ == "__main__":
    main()
