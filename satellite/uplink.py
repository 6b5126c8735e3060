"""Frames to the hub, a burst of a hundred as well as one every 20 ms.

The pre-roll goes out in handfuls: all at once it would fill the connection's buffers, and what does not fit is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from protocol.frames import Frame, FrameType
from protocol.link import Link

STREAM: Final = 1
_LEVEL_STREAM: Final = 2
_HANDFUL: Final = 10
_PAUSE_S: Final = 0.004
_LIMIT: Final = 256


class Uplink:
    """In order, at most 10 frames every 4 ms."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._frames: deque[Frame] = deque(maxlen=_LIMIT)
        self._timer: asyncio.TimerHandle | None = None

    def put(self, frame: Frame) -> None:
        """Send an AUDIO or LEVEL frame, each kind on its stream, as soon as its turn comes."""
        self._frames.append(frame._replace(stream=_LEVEL_STREAM) if frame.type == FrameType.LEVEL else frame)
        if self._timer is None:
            self._send_some()

    def clear(self) -> None:
        """Forget what waits: the right to send it is gone."""
        self._frames.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_some(self) -> None:
        self._timer = None
        for _ in range(min(_HANDFUL, len(self._frames))):
            self._link.send_frame(self._frames.popleft())
        if self._frames:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE_S, self._send_some)
