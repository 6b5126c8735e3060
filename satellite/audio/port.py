"""The satellite's sound, whatever makes it: blocks of 20 ms at 24 kHz, int16 mono, in and out at the same instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

BLOCK_SAMPLES: Final = 480
RATE_HZ: Final = 24_000
BLOCK_US: Final = 20_000
Pcm = NDArray[np.int16]


class Block(NamedTuple):
    """20 ms of a room.

    Attributes:
        near: what the microphone heard, int16[480].
        far: what was handed to the loudspeaker for the same 20 ms, int16[480].
        samples: capture position of the first sample.
        time_us: this machine's monotonic clock at the first sample.
        realigned: whether what is played comes back after another time than it did until now.
    """

    near: Pcm
    far: Pcm
    samples: int
    time_us: int
    realigned: bool = False


class SoundChain(Protocol):
    """What a backend feeds. Both are called from one thread of the backend's, never at once."""

    def render(self) -> Pcm:
        """The next int16[480] for the loudspeaker."""

    def process(self, block: Block) -> None:
        """Take what was heard."""

    def silence(self) -> None:
        """There is no sound in or out; called again and again until there is."""


class AudioBackend(Protocol):
    """A microphone and a loudspeaker. The backend owns its threads from `start` to `close`."""

    @property
    def ended(self) -> bool:
        """Whether the microphone will never say anything again (a file has an end)."""

    @property
    def dropped_blocks(self) -> int:
        """Blocks lost because processing was too slow."""

    @property
    def abandoned(self) -> bool:
        """Whether `close` had to leave the sound library waiting; the process must then end without its exit hooks."""

    def status(self) -> dict[str, Any]:
        """For people: at least `kind`, and `problem`, a sentence that is empty while sound flows."""

    def start(self, chain: SoundChain, failed: Callable[[BaseException], None]) -> None:
        """Open everything; `failed` is called from the backend's thread when sound stops for good.

        Raises:
            RoomtoneError: the device or file cannot be had.
        """

    def begin(self) -> None:
        """Let sound flow; a second call changes nothing."""

    def close(self) -> None:
        """Stop and join every thread."""
