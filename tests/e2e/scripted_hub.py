"""A hub as `roomtone hub run` starts it, but for its voice.

`python -m tests.e2e.scripted_hub VOICE ...` takes a JSON list of replies, with which a voice talks by itself whatever
was asked, or a number, which is how many conversations the CPU's voice has places for. Then come the options of
`roomtone hub run`.
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
from hub.engine.cascade.engine import CascadeEngine
from hub.engine.port import VoiceEngine
from hub.engine.scripted_duplex import DuplexEngine, DuplexScript
from hub.events import EventBus
from hub.parts import make_hearing, make_home


def voice(told: list[str] | int, state_dir: Path) -> VoiceEngine:
    if isinstance(told, int):
        return CascadeEngine(cache_dir=state_dir / "cache", capacity=told)
    return DuplexEngine(DuplexScript(told))


async def serve(settings: Settings, engine: VoiceEngine, *, state_dir: Path, report_dir: Path) -> None:
    hub = Hub(
        settings,
        state_dir=state_dir,
        report_dir=report_dir,
        bus=EventBus(),
        home=make_home(settings),
        engine=engine,
        hearing=make_hearing(settings, state_dir, now_ms=lambda: time.monotonic() * 1000.0),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with running(hub, lambda line: print(line, file=sys.stderr)):
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("voice", type=json.loads)
    for name in ("config", "state-dir", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("port", "http-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    set_up_logging()
    settings = load_settings(given.config, {"network": {"port": given.port, "http_port": given.http_port}})
    asyncio.run(
        serve(settings, voice(given.voice, given.state_dir), state_dir=given.state_dir, report_dir=given.report)
    )


if __name__ == "__main__":
    main()
