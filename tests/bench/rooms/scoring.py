"""What is measured of one scene, from the room that was attended to at each moment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scene import Scene, Utterance

from hub.rooms.arbiter import Decision

Answers = list[tuple[float, int | None]]

_JUDGED_AT_S: Final = 1.7
_AFTER_S: Final = 0.6  # an answer that comes when somebody has just ended still belongs to him
_DOOR_S: Final = 0.6  # on the threshold both rooms are right


@dataclass
class Score:
    """Sums over scenes; a list holds one entry for each thing counted."""

    clean: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    clean_by_voice: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    delays_ms: list[float] = field(default_factory=list)
    television_false: int = 0
    television_s: float = 0.0
    own_false: int = 0
    own_s: float = 0.0
    flips: list[int] = field(default_factory=list)
    follow_right: list[float] = field(default_factory=list)
    handovers_ms: list[float] = field(default_factory=list)
    missed_handovers: int = 0
    superfluous: int = 0
    follow_s: float = 0.0
    first_keeps: list[bool] = field(default_factory=list)
    second_served: list[bool] = field(default_factory=list)
    calls_served: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    loudspeakers_ignored: list[bool] = field(default_factory=list)
    unheard: int = 0  # beside a television, where no detector found the word: nobody could answer
    failures: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Take in what was counted elsewhere."""
        for by in ("clean", "clean_by_voice", "calls_served"):
            for kind, found in getattr(other, by).items():
                getattr(self, by)[kind].extend(found)
        for name in self.__dataclass_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, list):
                mine.extend(theirs)
            elif isinstance(mine, int | float):
                setattr(self, name, mine + theirs)


def at(answers: Answers, t: float) -> int | None:
    """The answer that stood at a time."""
    times = [a for a, _ in answers]
    index = int(np.searchsorted(times, t, side="right")) - 1
    return answers[index][1] if index >= 0 else None


def changes(answers: Answers) -> list[tuple[float, int]]:
    """When another room than before became attended to."""
    out: list[tuple[float, int]] = []
    last: int | None = None
    before: int | None = None
    for t, room in answers:
        if room is not None and room != before and not (before is None and room == last):
            out.append((t, room))
        if room is not None:
            last = room
        before = room
    return out


def _is_clean(answers: Answers, utterance: Utterance) -> bool:
    judged = min(utterance.t0 + _JUDGED_AT_S, utterance.t1)
    if at(answers, judged) not in utterance.ok:
        return False
    return all(room in utterance.ok for t, room in changes(answers) if utterance.t0 < t <= utterance.t1)


def _called(scene: Scene, utterance: Utterance) -> bool:
    return any(utterance.t0 < frame / 50 < utterance.t1 for _, frame, _ in scene.wakes)


def score(into: Score, scene: Scene, answers: Answers) -> None:
    """Add a scene."""
    if scene.family == "two":
        _two(into, scene, answers)
    for utterance in _judged(into, scene):
        clean = _is_clean(answers, utterance)
        into.clean[_kind(scene, utterance)].append(clean)
        into.clean_by_voice[utterance.voice].append(clean)
        if not clean:
            got = [(round(t, 2), r) for t, r in changes(answers)]
            into.failures.append(f"{scene.name} {utterance.t0:.2f}-{utterance.t1:.2f} ok {utterance.ok}: {got}")
    if scene.family not in {"tv", "barge", "two"}:
        _delay(into, scene.truth.utterances[0], answers)
    _false(into, scene, answers)
    if scene.family == "doorway":
        into.flips.append(max(0, len(changes(answers)) - 1))
    if scene.family == "followme":
        _follow(into, scene, answers)


def score_calls(into: Score, scene: Scene, decisions: list[Decision]) -> None:
    """Whether people's calls were served wherever a detector heard them, and a loudspeaker's were not."""
    fired_s = [frame / 50 for _, frame, _ in scene.wakes]
    served_s = [decision.winner.fired_ms / 1000.0 for decision in decisions]
    called = [u for u in scene.truth.utterances if u.wake]
    for utterance in called:
        if _called(scene, utterance):
            served = any(utterance.t0 < t < utterance.t1 + _AFTER_S for t in served_s)
            into.calls_served[_kind(scene, utterance)].append(served)
            if not served:
                into.failures.append(f"{scene.name} {utterance.t0:.2f}: a call was refused")

    def a_persons(t: float) -> bool:
        return any(utterance.t0 < t < utterance.t1 + _AFTER_S for utterance in called)

    if not all(map(a_persons, fired_s)):
        false_s = [t for t in served_s if not a_persons(t)]
        into.loudspeakers_ignored.append(not false_s)
        into.failures.extend(f"{scene.name} {t:.2f}: a loudspeaker was served" for t in false_s)


def _kind(scene: Scene, utterance: Utterance) -> str:
    if scene.family != "days":
        return scene.kind
    return f"days, {'first ten' if utterance in scene.truth.utterances[:10] else 'last six'}"


def _judged(into: Score, scene: Scene) -> list[Utterance]:
    """Utterances that somebody could answer, and that other measures do not judge."""
    utterances = scene.truth.utterances
    if scene.family in {"two", "followme"}:
        return utterances[:1]
    if scene.truth.tv is not None and not _called(scene, utterances[0]):
        into.unheard += 1
        return []
    return utterances


def _delay(into: Score, utterance: Utterance, answers: Answers) -> None:
    right = [t for t, room in answers if utterance.t0 <= t <= utterance.t1 + 1 and room in utterance.ok]
    if right:
        into.delays_ms.append((right[0] - utterance.t0) * 1000.0)


def _false(into: Score, scene: Scene, answers: Answers) -> None:
    truth = scene.truth
    if truth.tv is not None:
        into.television_s += scene.frames / 50
    into.own_s += sum(t1 - t0 for _, t0, t1 in truth.playing)
    for t, room in changes(answers):
        if any(u.t0 <= t <= u.t1 + _AFTER_S and room in u.ok for u in truth.utterances):
            continue
        if any(t0 <= t <= t1 + _AFTER_S for _, t0, t1 in truth.playing):
            into.own_false += 1
            into.failures.append(f"{scene.name} own voice: {t:.2f} room {room}")
        elif truth.tv is not None:
            into.television_false += 1
            into.failures.append(f"{scene.name} television in {truth.tv}: {t:.2f} room {room}")


def _two(into: Score, scene: Scene, answers: Answers) -> None:
    first, second, *more = scene.truth.utterances
    judged = [room for t, room in answers if first.t0 + _JUDGED_AT_S <= t <= first.t1]
    into.first_keeps.append(all(room in first.ok for room in judged) if judged else at(answers, first.t1) in first.ok)
    if not into.first_keeps[-1]:
        into.failures.append(f"{scene.name} first of two {first.ok} {first.t0:.2f}-{first.t1:.2f}: {changes(answers)}")
    end = max(u.t1 for u in (second, *more)) + 0.5
    into.second_served.append(any(room in second.ok for t, room in answers if second.t0 < t < end))


def _follow(into: Score, scene: Scene, answers: Answers) -> None:
    truth = scene.truth
    spoken = [(u.t0, u.t1) for u in truth.utterances]
    began = truth.utterances[0].t0 + 0.5
    right = total = 0
    for t, room in answers:
        near_door = any(abs(t - c.t) < _DOOR_S for c in truth.crossings)
        if t < began or near_door or not any(t0 + 0.3 <= t <= t1 for t0, t1 in spoken):
            continue
        here = next((r for t0, t1, r in truth.track if t0 <= t < t1), None)
        total += 1
        right += room == here
    into.follow_right.append(right / max(1, total))
    into.follow_s += scene.frames / 50
    moves = changes(answers)
    for index, crossing in enumerate(truth.crossings):
        until = truth.crossings[index + 1].t if index + 1 < len(truth.crossings) else scene.frames / 50
        speaks = next((max(t0, crossing.t) for t0, t1 in spoken if t1 > crossing.t + 0.1), None)
        arrived = next((t for t, room in answers if crossing.t - _DOOR_S <= t < until and room == crossing.to), None)
        if arrived is None or speaks is None:
            into.missed_handovers += arrived is None
            if arrived is None:
                into.failures.append(f"{scene.name} not handed over to {crossing.to} at {crossing.t:.2f}: {moves}")
        else:
            into.handovers_ms.append(max(0.0, arrived - speaks) * 1000.0)
    into.superfluous += max(0, len(moves) - 1 - len(truth.crossings))
