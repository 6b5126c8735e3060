"""What others do, on the same scenes: first come with a lock, the best wake score, and the loudest room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from recording import Recording
from scene import Scene
from scoring import Answers

_LOCK_S: Final = 2.0
_COLLECT_S: Final = 0.2
_DECIDE_S: Final = 0.02
_SMOOTH: Final = 15  # frames
_GATE_DB: Final = 9.0
_FIRST: Final = 8  # frames for which a room must be the loudest, and another one later
_HOLD: Final = 15
_OFF: Final = 18
_LATE: Final = 3
_FLOOR_FRAMES: Final = 200


def _ticks(scene: Scene) -> list[float]:
    return [round(_DECIDE_S * (i + 1), 6) for i in range(scene.frames + 5)]


def _wakes(scene: Scene) -> list[tuple[float, int, float]]:
    return sorted((float(scene.arrivals_s[room, frame]), room, score) for room, frame, score in scene.wakes)


def first_come(recording: Recording) -> Answers:
    """The first satellite to fire has the floor; for two seconds nobody else gets it."""
    scene = recording.scene
    return _held(scene, [(t, room) for t, room, _ in _wakes(scene)])


def best_score(recording: Recording) -> Answers:
    """Of those that fire within 200 ms the one with the highest score."""
    scene = recording.scene
    won: list[tuple[float, int]] = []
    wakes = _wakes(scene)
    while wakes:
        until = wakes[0][0] + _COLLECT_S
        group = [wake for wake in wakes if wake[0] <= until]
        won.append((until, max(group, key=lambda wake: wake[2])[1]))
        wakes = [wake for wake in wakes if wake[0] > until]
    return _held(scene, won)


def _held(scene: Scene, won: list[tuple[float, int]]) -> Answers:
    answers: Answers = []
    room: int | None = None
    locked = -1.0
    waiting = list(won)
    for t in _ticks(scene):
        while waiting and waiting[0][0] <= t:
            at, winner = waiting.pop(0)
            if at >= locked:
                room, locked = winner, at + _LOCK_S
        answers.append((t, room))
    return answers


def loudest(recording: Recording) -> Answers:
    """The room with the highest level, where anything stands 9 dB over its floor; the hub hears it 60 ms later."""
    scene, power = recording.scene, 10 ** (recording.level_db.astype(np.float64) / 10)
    total = np.concatenate([np.zeros((scene.satellites, 1)), np.cumsum(power, axis=1)], axis=1)
    last = np.arange(1, scene.frames + 1)
    first = np.maximum(0, last - _SMOOTH)
    level_db = 10 * np.log10((total[:, last] - total[:, first]) / (last - first))
    answers: Answers = []
    room: int | None = None
    rival, since, quiet = -1, 0, 0
    for index, t in enumerate(_ticks(scene)):
        at = min(scene.frames - 1, max(0, index - _LATE))
        floor_db = level_db[:, max(0, at - _FLOOR_FRAMES) : at + 1].min(axis=1)
        if (level_db[:, at] - floor_db > _GATE_DB).any():
            quiet = 0
            best = int(np.argmax(level_db[:, at]))
            since = since + 1 if best == rival else 0
            rival = best
            if since >= (_HOLD if room is not None else _FIRST):
                room = best
        else:
            quiet += 1
            if quiet > _OFF:
                room, rival = None, -1
        answers.append((t, room))
    return answers


BASELINES: Final[dict[str, Callable[[Recording], Answers]]] = {
    "first come, 2 s lock": first_come,
    "best wake score": best_score,
    "loudest": loudest,
}
