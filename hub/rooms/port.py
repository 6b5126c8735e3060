"""What the rooms see of the outside: a line to each satellite, and what comes in on it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from protocol.errors import RoomtoneError
from protocol.messages import Message, Playback, Wake
from protocol.records import LevelBatch, Measurement


class Line(Protocol):
    """The connection to one satellite, proved and alive."""

    device_id: str
    area_id: str
    name: str
    features: frozenset[str]

    def send(self, message: Message) -> None:
        """Send a control message; never dropped."""

    def send_audio(self, pcm: NDArray[np.int16], *, generation: int, samples: int, last: bool) -> None:
        """Encode and send 480 samples (20 ms, 24 kHz mono) at `samples` of a playback generation."""

    def to_hub_ms(self, satellite_us: int) -> float:
        """The satellite's clock, expressed in the hub's monotonic milliseconds."""

    @property
    def clock_error_ms(self) -> float:
        """How far `to_hub_ms` may be off."""

    def open_uplink(self) -> None:
        """Accept and decode this satellite's audio from now on."""

    def close_uplink(self) -> None:
        """Refuse its audio again."""


class Presence(Protocol):
    """What the house knows of where somebody is, by other means than ears."""

    def log_odds(self, area_id: str) -> float:
        """How much likelier somebody is in this area; 0 where nothing is known."""


class RoomEvents(Protocol):
    """Where the satellites' server delivers, on the event loop's thread. Nothing here may block or raise."""

    def satellite_up(self, line: Line) -> None:
        """A satellite is in."""

    def satellite_down(self, line: Line, error: RoomtoneError) -> None:
        """It is gone."""

    def levels(self, line: Line, batch: LevelBatch, samples: int, time_us: int) -> None:
        """Scalars of a room in which nobody was called; `samples` and `time_us` belong to the first record."""

    def woke(self, line: Line, wake: Wake, measurements: tuple[Measurement, ...]) -> None:
        """Somebody called."""

    def audio(
        self,
        line: Line,
        pcm: NDArray[np.int16],
        measurement: Measurement,
        samples: int,
        time_us: int,
        *,
        packet: bytes | None = None,
        preroll: bool = False,
    ) -> None:
        """20 ms of the area that has the floor.

        `packet`: what `pcm` was decoded from; None where it was made up. `preroll`: it was captured before that.
        """

    def playback(self, line: Line, playback: Playback) -> None:
        """What the loudspeaker has played."""

    def stop_asked(self, line: Line) -> None:
        """A person asked for silence at the satellite."""

    def floor_refused(self, line: Line) -> None:
        """The satellite refused the floor: nobody in its room has called, and nobody has come into it."""

    def muted(self, line: Line, *, muted: bool) -> None:
        """The microphone went off or on."""
