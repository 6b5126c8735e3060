"""Tells systemd that sound still flows: one datagram, no package."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Final

INTERVAL_S: Final = 5.0


def notify(state: str) -> bool:
    """Send one line such as `READY=1`; False when nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        try:
            sender.sendto(state.encode(), address)
        except OSError:  # the manager went away; the satellite goes on without it
            return False
    return True


async def heartbeat(blocks: Callable[[], int], device_problem: Callable[[], str]) -> None:
    """Tell it as long as blocks of sound are processed, until cancelled."""
    before = -1
    while True:
        # Before the hub's first welcome a recording has not begun; then only this loop can be watched.
        # A device that is gone is waited for: a restart would not bring it back.
        if blocks() != before or before <= 0 or device_problem():
            notify("WATCHDOG=1")
        before = blocks()
        await asyncio.sleep(INTERVAL_S)
