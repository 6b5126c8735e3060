"""What is sent to the reference server and when. Pure.

The server makes one frame out of one frame in: with no input there is no output, and input that comes faster than it
computes is kept without limit and answered ever later. So the stream never pauses (silence fills it), and never runs
further ahead of the answers than `WINDOW_MS`.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

FRAME_MS: Final = 20
# What a well server has under way: its two first frames are never answered, one is being filled, one computed.
USUAL_MS: Final = 400.0
# From here on silence of the user is left out, so that the server catches up.
SKIP_MS: Final = 800.0
WINDOW_MS: Final = 1600.0
# Sound that was lost on the way is never answered; what is not answered for so long is not waited for any more.
FORGIVE_MS: Final = 1000.0

QUEUE_FRAMES: Final = 100
# A satellite's audio comes in bursts; it is waited for so long before silence takes its place.
SLACK_MS: Final = 100.0

T = TypeVar("T")


class Uplink(Generic[T]):
    """The user's audio on its way, in pieces of 20 ms of any form.

    Args:
        now_ms: when the server has greeted.

    Attributes:
        dropped: pieces that were given up, too old.
        skipped: pieces of silence that were left out.
    """

    def __init__(self, now_ms: float) -> None:
        self._queue: deque[tuple[T, bool]] = deque()
        self._covered_ms = now_ms
        self._answered_at_ms = now_ms
        self._sent_ms = 0.0
        self._answered_ms = 0.0
        self.dropped = 0
        self.skipped = 0

    @property
    def under_way_ms(self) -> float:
        """Audio that was sent and not answered yet."""
        return max(0.0, self._sent_ms - self._answered_ms)

    @property
    def late_ms(self) -> float:
        """By how much the server is behind a well one."""
        return max(0.0, self.under_way_ms - USUAL_MS)

    def restart(self, now_ms: float) -> None:
        """Another session begins; what waits is sent to it."""
        self._covered_ms = self._answered_at_ms = now_ms
        self._sent_ms = self._answered_ms = 0.0

    def push(self, piece: T, *, quiet: bool) -> None:
        """Take 20 ms of the user; the oldest are given up when too many wait."""
        if len(self._queue) >= QUEUE_FRAMES:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append((piece, quiet))

    def answered(self, milliseconds: float, now_ms: float) -> None:
        """So much audio has come from the server."""
        self._answered_ms = min(self._sent_ms, self._answered_ms + milliseconds)
        self._answered_at_ms = now_ms

    def take(self, now_ms: float) -> list[T | None]:
        """What is to be sent now, in order; None stands for 20 ms of silence."""
        if self.under_way_ms >= WINDOW_MS and now_ms - self._answered_at_ms >= FORGIVE_MS:
            self._answered_ms, self._answered_at_ms = self._sent_ms, now_ms
        taken: list[T | None] = []
        while self._queue and self.under_way_ms < WINDOW_MS:
            piece, quiet = self._queue.popleft()
            if quiet and self.under_way_ms >= SKIP_MS:
                self.skipped += 1
                self._covered_ms += FRAME_MS
                continue
            taken.append(self._send(piece))
        # A stretch in which nothing could be sent is not made up for by silence.
        self._covered_ms = max(self._covered_ms, now_ms - 2 * SLACK_MS)
        while self._covered_ms <= now_ms - SLACK_MS and self.under_way_ms < SKIP_MS:
            taken.append(self._send(None))
        return taken

    def _send(self, piece: T | None) -> T | None:
        self._sent_ms += FRAME_MS
        self._covered_ms += FRAME_MS
        return piece
