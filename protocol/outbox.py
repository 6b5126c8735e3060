"""What waits to be written: control that is never dropped, and sound that is worthless when late. No I/O."""

from __future__ import annotations

from collections import deque
from typing import Final

from protocol.errors import SlowPeerError
from protocol.frames import Frame, FrameFlag

LIVE_FRAMES_MAX: Final = 10  # 200 ms of one stream
PREROLL_FRAMES_MAX: Final = 100  # the pre-roll is two seconds old by nature and still wanted
CONTROL_MAX: Final = 256
CONTROL_BYTES_MAX: Final = 512 * 1024


class Outbox:
    """Two queues with a bound and a policy each."""

    def __init__(self) -> None:
        self._control: deque[Frame] = deque()
        self._control_bytes = 0
        self._sound: dict[int, deque[Frame]] = {}

    def __bool__(self) -> bool:
        return bool(self._control) or any(self._sound.values())

    @property
    def frames(self) -> int:
        """Frames waiting in both queues."""
        return len(self._control) + sum(map(len, self._sound.values()))

    def put_control(self, frame: Frame) -> None:
        """Queue a control or clock frame.

        Raises:
            SlowPeerError: the bound is reached; the peer has not read for a long time.
        """
        self._control_bytes += len(frame.payload)
        if len(self._control) >= CONTROL_MAX or self._control_bytes > CONTROL_BYTES_MAX:
            raise SlowPeerError("The other side reads too slowly; the connection was given up and will be made anew.")
        self._control.append(frame)

    def put_sound(self, frame: Frame) -> int:
        """Queue an audio or level frame; returns how many older ones of its stream had to go (0 or 1)."""
        queue = self._sound.setdefault(frame.stream, deque())
        queue.append(frame)
        preroll = frame.flags & FrameFlag.PREROLL
        limit = PREROLL_FRAMES_MAX if preroll else LIVE_FRAMES_MAX
        same = [index for index, waiting in enumerate(queue) if waiting.flags & FrameFlag.PREROLL == preroll]
        if len(same) <= limit:
            return 0
        del queue[same[0]]
        return 1

    def take(self) -> Frame | None:
        """The next frame to write: control first, then the streams in turn."""
        if self._control:
            frame = self._control.popleft()
            self._control_bytes -= len(frame.payload)
            return frame
        for stream, queue in self._sound.items():
            if queue:
                frame = queue.popleft()
                if len(self._sound) > 1:  # to the back of the line
                    self._sound[stream] = self._sound.pop(stream)
                return frame
        return None

    def drop_sound(self) -> int:
        """Forget all sound, e.g. because the link is about to close; returns how many frames."""
        count = sum(map(len, self._sound.values()))
        self._sound.clear()
        return count
