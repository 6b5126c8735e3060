"""Satellites whose chains have run before: the same frames as `satellite.rehearsal` gives, without its work.

A chain is deaf to what the hub decides but for its gate, so what it sends with the gate closed and what it would send
with the gate open are recorded together (but for Opus and the pre-roll, which the arbiter does not hear), and the
arbiter's decisions choose between the two. Used while developing; the table is made with the real process.
"""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from families import make_scene
from scene import FRAME, Scene
from voices import cache_dir

from protocol.frames import AUDIO_STREAM, Frame, FrameDecoder, FrameType, encode
from satellite.dsp.echo import Off
from satellite.rehearsal import CLOCK_ZERO_S, RehearsedRoom

Recording = list[list[list[bytes]]]  # [room][frame] -> frames on the wire


def _run(scene: Scene) -> tuple[Recording, Recording]:
    closed: Recording = []
    opened: Recording = []
    wakes = {(room, frame): score for room, frame, score in scene.wakes}
    for room in range(scene.satellites):
        sent: list[bytes] = []
        rehearsed = RehearsedRoom(sent.append)
        if room not in scene.refs:
            rehearsed._chain._canceller = Off()  # nothing to cancel: the sound passes, only the work is saved
        frames: list[list[bytes]] = []
        talking: list[list[bytes]] = []
        for frame in range(scene.frames):
            sent.clear()
            part = slice(frame * FRAME, (frame + 1) * FRAME)
            far = scene.refs[room][part] if room in scene.refs and scene.playing[room, frame] else None
            captured_s = float(scene.clocks_s[room, frame])
            rehearsed.hear(scene.pcm[room, part], far, frame, captured_s, wakes.get((room, frame)))
            frames.append(list(sent))
            packed = rehearsed._chain._preroll[-1].measurement.pack() + b"\0"
            sound = Frame(
                FrameType.AUDIO,
                packed,
                stream=AUDIO_STREAM,
                samples=frame * 480,
                time_us=round((captured_s + CLOCK_ZERO_S) * 1e6),
            )
            calls = [one for one in sent if one[3] == FrameType.CONTROL]
            talking.append([*calls, encode(sound)])
        closed.append(frames)
        opened.append(talking)
    return closed, opened


def recorded(family: str, seed: int) -> tuple[Scene, Recording, Recording]:
    """A scene with both recordings, from the folder if it is there."""
    path = cache_dir() / "replay" / f"{family}-{seed}.pickle"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        scene = make_scene(family, seed)
        both = (scene, *_run(scene))
        part = Path(f"{path}.part")
        part.write_bytes(pickle.dumps(both))
        part.replace(path)
        return both
    scene, closed, opened = pickle.loads(path.read_bytes())
    return scene, closed, opened


def record(scenes: list[tuple[str, int]], workers: int = 2) -> None:
    """Make what is missing."""
    with ProcessPoolExecutor(workers) as pool:
        for _ in pool.map(_ensure, scenes):
            pass


def _ensure(scene: tuple[str, int]) -> None:
    recorded(*scene)


class Replay:
    """In the place of the satellites' process."""

    def __init__(self, closed: Recording, opened: Recording) -> None:
        self._recordings = (closed, opened)
        self._open: set[int] = set()
        self._waiting: list[tuple[int, Frame]] = []

    def hear(self, room: int, frame: int) -> None:
        for data in self._recordings[room in self._open][room][frame]:
            self._waiting.extend((room, one) for one in FrameDecoder().feed(data))

    def gate(self, room: int, *, opened: bool) -> None:
        if opened:
            self._open.add(room)
        else:
            self._open.discard(room)

    def sync(self) -> list[tuple[int, Frame]]:
        out, self._waiting = self._waiting, []
        return out


if __name__ == "__main__":
    import sys

    families, first, count = sys.argv[1].split(","), int(sys.argv[2]), int(sys.argv[3])
    record([(f, s) for s in range(first, first + count) for f in families], int(sys.argv[4]))
