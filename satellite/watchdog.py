"""Tells systemd that sound still flows: one datagram, no package."""

from __future__ import annotations

import os
import socket
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
