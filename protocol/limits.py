"""What a peer may do to a link, and what it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Deadlines and bounds of a link; the defaults are the contract of `SPEC.md` section 11."""

    ping_s: float = 2.0
    silence_s: float = 6.0
    authentication_s: float = 15.0
    frames_per_s: float = 250.0
    frames_burst: float = 1000.0
    control_per_s: float = 50.0
    control_burst: float = 200.0
    unknown_max: int = 20
    waiting_max: int = 128


@dataclass(slots=True)
class LinkStats:
    """What passed, and what was given up.

    Attributes:
        audio_dropped_out: audio and level frames dropped here because the peer read too slowly.
        audio_dropped_in: frames that the peer dropped, by the gaps in its sequence, or that nobody took in time.
        unknown_in: messages and frames of types this version does not know.
    """

    frames_in: int = 0
    frames_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    audio_dropped_out: int = 0
    audio_dropped_in: int = 0
    unknown_in: int = 0


class TokenBucket:
    """Refills at `per_s` up to `burst`. Time is the caller's, in microseconds."""

    def __init__(self, per_s: float, burst: float, now_us: int) -> None:
        self._per_us = per_s / 1e6
        self._burst = burst
        self._tokens = burst
        self._at_us = now_us

    def take(self, now_us: int) -> bool:
        """Take one token; False when there is none."""
        self._tokens = min(self._burst, self._tokens + (now_us - self._at_us) * self._per_us)
        self._at_us = now_us
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
