"""`roomtone hub run`: settings, logging, and the hub until somebody stops it."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

from hub.config import load_settings, state_dir

if TYPE_CHECKING:
    from hub.app import Hub


def run_hub(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM.

    Raises:
        RoomtoneError: it cannot start.
    """
    set_up_logging()
    settings = load_settings(options.config, _overrides(options))
    from hub.app import serve  # after the settings, so that a typing mistake is answered at once

    def progress(line: str) -> None:
        _tell({"event": "progress", "what": line}, f"{line} …", options, to_stderr=True)

    def ready(hub: Hub) -> None:
        # What was loaded stays: the collector need not look at it again in the middle of a sentence.
        gc.collect()
        gc.freeze()
        port, http_port = hub.facts.ports
        _tell(
            {"event": "ports", "port": port, "http_port": http_port},
            f"port {port}\nhttp_port {http_port}",
            options,
        )
        _tell({"event": "ready"}, "ready", options)

    asyncio.run(
        serve(
            settings,
            state_dir=options.state_dir or state_dir(),
            report_dir=options.report,
            ready=ready,
            progress=progress,
        )
    )
    return 0


def set_up_logging() -> None:
    """Plain lines on stderr: time, level, where, what. No part of the hub logs speech or what is derived from it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # These tell every request and every packet at INFO.
    for name in ("aiohttp.access", "zeroconf", "faster_whisper"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _overrides(options: argparse.Namespace) -> dict[str, Any]:
    network = {"port": options.port, "http_port": options.http_port}
    home = {"kind": options.home}
    sections = {"network": network, "home": home}
    given = {
        section: {key: value for key, value in values.items() if value is not None}
        for section, values in sections.items()
    }
    return {section: values for section, values in given.items() if values}


def _tell(event: dict[str, Any], text: str, options: argparse.Namespace, *, to_stderr: bool = False) -> None:
    if options.json:
        print(json.dumps(event), flush=True)
    else:
        print(text, file=sys.stderr if to_stderr else sys.stdout, flush=True)
