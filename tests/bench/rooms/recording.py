"""What the satellites of a scene measure, kept in a folder by family and seed.

A chain is deaf to what the hub decides but for its gate, and the gate only says which of its measurements leave. So the
real chain runs once, everything it measured is kept, and each time the scene is played the gate and the pace of the
reports choose again. `run.py --compare` holds that against the real process.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from families import make_scene
from numpy.typing import NDArray
from scene import FRAME, Scene
from speech import OUT

from hub.evals.arbitration_satellites import MicBlock
from protocol.frames import AUDIO_STREAM, LEVEL_STREAM, Frame, FrameDecoder, FrameType
from protocol.records import LevelRecord, MeasureFlag, Measurement
from satellite.dsp.levels import LevelReports, Report
from satellite.rehearsal import CLOCK_ZERO_S, RehearsedRoom

_ROOT: Final = Path(__file__).parents[3]
# What a recording depends on.
_SOURCES: Final = (
    *("tests/bench/rooms/apartment.py", "tests/bench/rooms/scene.py", "tests/bench/rooms/families.py"),
    *("tests/bench/rooms/acting.py", "tests/bench/rooms/overheard.py"),
    *("tests/bench/rooms/speech.py", "tests/bench/rooms/voices.py", "tests/bench/rooms/recording.py"),
    *("satellite/rehearsal.py", "satellite/dsp/chain.py", "satellite/dsp/echo.py", "satellite/dsp/vad.py"),
    *("protocol/measure.py", "protocol/records.py"),
)


@dataclass(frozen=True)
class Recording:
    """A scene without its sound.

    Attributes:
        level_db: of each satellite and frame, dBFS.
        measured: by room and frame: measurement, scalars and floors as bytes.
        calls: wake messages, by room and frame.
    """

    scene: Scene
    level_db: NDArray[np.float32]
    measured: tuple[tuple[tuple[bytes, bytes, tuple[float, ...]], ...], ...]
    calls: dict[tuple[int, int], bytes]


def _measure(scene: Scene) -> Recording:
    wakes = {(room, frame): score for room, frame, score in scene.wakes}
    calls: dict[tuple[int, int], bytes] = {}
    rooms: list[tuple[tuple[bytes, bytes, tuple[float, ...]], ...]] = []
    for room in range(scene.satellites):
        sent: list[bytes] = []
        rehearsed = RehearsedRoom(sent.append)
        chain, measured = rehearsed._chain, []
        for frame in range(scene.frames):
            part = slice(frame * FRAME, (frame + 1) * FRAME)
            played = scene.refs[room][part] if scene.playing[room, frame] else None
            captured_s, wake = scene.meta(room, frame)["t_cap"], wakes.get((room, frame))
            sent.clear()
            rehearsed.hear(scene.pcm[room, part], played, frame, captured_s, wake)
            for one in (one for data in sent for one in FrameDecoder().feed(data)):
                if one.type == FrameType.CONTROL:
                    calls[room, frame] = one.payload
            scalars, floors = chain._measurer.record().pack(), chain._measurer.floors_db()
            measured.append((chain._preroll[-1].measurement.pack(), scalars, floors))
        rooms.append(tuple(measured))
    power = np.mean(scene.pcm.reshape(scene.satellites, -1, FRAME).astype(np.float64) ** 2, axis=2)
    level_db = (10 * np.log10(power / 32768.0**2 + 1e-12)).astype(np.float32)
    return Recording(replace(scene, pcm=np.zeros((0, 0), np.int16), refs={}), level_db, tuple(rooms), calls)


@lru_cache(maxsize=1)
def _folder() -> Path:
    sources = b"".join((_ROOT / source).read_bytes() for source in _SOURCES)
    return OUT / "recordings" / f"{zlib.crc32(sources):08x}"


def recorded(family: str, seed: int) -> Recording:
    """The recording of a scene, from the folder if it is there."""
    path = _folder() / f"{family}-{seed}.pickle"
    if path.exists():
        kept: Recording = pickle.loads(zlib.decompress(path.read_bytes()))
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    made = _measure(make_scene(family, seed))
    part = path.with_suffix(".part")
    part.write_bytes(zlib.compress(pickle.dumps(made), 1))
    part.replace(path)
    return made


class Replayed:
    """In the place of the satellites' process."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        rooms = range(recording.scene.satellites)
        self._now: dict[int, tuple[LevelRecord, tuple[float, ...]]] = {}
        self._reports = {room: self._of(room) for room in rooms}
        self._open = dict.fromkeys(rooms, False)
        self._sent: list[tuple[int, Frame]] = []

    def _of(self, room: int) -> LevelReports:
        return LevelReports(lambda: self._now[room][0], lambda: self._now[room][1])

    def hear(self, room: int, block: MicBlock) -> None:
        """What a satellite would put on the wire after this block."""
        call = self._recording.calls.get((room, block.seq))
        measurement, scalars, floors = self._recording.measured[room][block.seq]
        time_us, samples = round((block.captured_s + CLOCK_ZERO_S) * 1e6), block.seq * 480
        if call is not None:
            self._report(room, self._reports[room].rest())
            self._sent.append((room, Frame(FrameType.CONTROL, call, time_us=time_us)))
        if self._open[room]:
            self._reports[room].forget()
            frame = Frame(FrameType.AUDIO, measurement + b"\0", stream=AUDIO_STREAM, samples=samples, time_us=time_us)
            self._sent.append((room, frame))
            return
        self._now[room] = LevelRecord.unpack(scalars), floors
        speech = MeasureFlag.SPEECH in Measurement.unpack(measurement).flags
        self._report(room, self._reports[room].step(samples, time_us, speech=speech))

    def _report(self, room: int, reports: list[Report]) -> None:
        for payload, flags, samples, time_us in reports:
            frame = Frame(FrameType.LEVEL, payload, flags, LEVEL_STREAM, samples=samples, time_us=time_us)
            self._sent.append((room, frame))

    def gate(self, room: int, *, opened: bool) -> None:
        """The floor was granted or taken back."""
        self._open[room] = opened

    def sync(self) -> list[tuple[int, Frame]]:
        """What was sent since the last time."""
        sent, self._sent = self._sent, []
        return sent

    def close(self) -> None:
        """Nothing to end."""


def record(scenes: Iterable[tuple[str, int]]) -> None:
    """Make what is missing, one after the other."""
    for family, seed in scenes:
        recorded(family, seed)
