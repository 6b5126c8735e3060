"""Somebody asks in the kitchen and walks on while the house answers: the answer ends where he is, and so does he."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate

from hub.server.control_client import call
from tests.e2e.household import RATE_HZ, Household, Pcm, read_wav, sounding, track, wait_for

pytestmark = [pytest.mark.soak, pytest.mark.speech, pytest.mark.timeout(280)]

LONG = (
    "Here is what I know about the garden. The roses were watered this morning at seven, the lawn was cut on Tuesday, "
    "the apple trees have been pruned for the winter, and the pump in the pond runs until ten in the evening."
)
# The talker stands in one room; an open door away he is 18 dB fainter, and two doors away he is not heard.
AWAY_DB = (0.0, -18.0, -90.0)
ROOMS = ("kitchen", "living_room", "bedroom")
_PIECE = 3840  # 160 ms
_STEP = 960
_LOUD = 1500
_SAME = 0.75
_STUTTER = 36_000


def speak_in(home: Household, where: str, words: Pcm) -> None:
    """Somebody speaks in a room, and every satellite hears it as far as it is away."""
    at = ROOMS.index(where)
    for number, room in enumerate(ROOMS):
        gain = 10 ** (AWAY_DB[abs(number - at)] / 20)
        home.speak(room, (words * gain).astype(np.int16))


def tell(home: Household, area: str, text: str) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []

    def say() -> None:
        answers.append(asyncio.run(call(home.state_dir, "say", {"area": area, "text": text}, timeout_s=60)))

    thread = threading.Thread(target=say)
    thread.start()
    return thread, answers


def likeness(piece: Pcm, there: Pcm) -> NDArray[np.float64]:
    """Normalised correlation of a piece at every place of a longer sound."""
    small, large = piece.astype(np.float64), there.astype(np.float64)
    power = np.concatenate(([0.0], np.cumsum(large**2)))
    energy = np.sqrt(np.maximum(power[small.size :] - power[: -small.size], 0.0) * (small @ small))
    return correlate(large, small, "valid", "fft") / np.maximum(energy, 1e5)


def heard(said: Pcm, recording: Pcm, *, from_end: bool) -> dict[int, int]:
    """Where the pieces of what was said sound in a recording, which may stutter where the machine is slow."""
    places = range(0, said.size - _PIECE, _STEP)
    order = list(reversed(places)) if from_end else list(places)
    sure = said[-RATE_HZ:] if from_end else said[:RATE_HZ]
    begins = int(np.argmax(likeness(sure, recording))) - (said.size - RATE_HZ if from_end else 0)
    found: dict[int, int] = {}
    for at in order:
        piece = said[at : at + _PIECE]
        begin = max(0, begins + at - _STUTTER)
        there = recording[begin : begins + at + _STUTTER]
        if np.abs(piece).max() < _LOUD or there.size < 2 * _PIECE:
            continue
        alike = likeness(piece, there)
        best = int(np.argmax(alike))
        if alike[best] > _SAME:
            found[at] = begin + best
            begins = found[at] - at
    return found


@pytest.fixture
def walk(home: Household):
    """Three rooms whose recordings begin at the same moment."""
    start_at = time.time() + 9.0
    for seed, area in enumerate(ROOMS):
        home.satellite(area, track(200.0, seed=seed), f"start_at={start_at:.3f}", args=())
    wait_for(lambda: home.connected() == set(ROOMS), 20, "the satellites")
    home.wait_recorded(*ROOMS, until_s=2.5)
    return home


def test_the_answer_begins_in_the_kitchen_and_ends_where_he_has_gone(walk, person):
    home, before = walk, len(walk.turns())
    words = [person.say(text) for text in ("Alexa, what time is it?", "Yeah, okay, right.", "Turn on the light.")]
    question, listening, order = words
    # What the answer sounds like: said once in a room where nobody is.
    saying, _ = tell(home, "bedroom", LONG)
    saying.join(60)
    speak_in(home, "kitchen", question)
    assert home.wait_turns(before + 1)[-1]["area"] == "kitchen"
    saying, answers = tell(home, "kitchen", LONG)
    wait_for(lambda: sounding(home.report_dir / "kitchen" / "speaker.wav"), 20, "the answer")
    home.wait_recorded("kitchen", until_s=home.recorded_s("kitchen") + 3.5)
    speak_in(home, "living_room", listening)
    saying.join(60)
    assert answers[0]["spoken"] is True, home.log("hub")
    decisions = [decision["why"] for decision in home.ask("rooms")["last_decisions"]]
    moved = [why for why in decisions if "the talker is heard here now" in why]
    assert len(moved) == 1, decisions
    assert moved[0].startswith("living_room:")
    speak_in(home, "living_room", order)
    turn = home.wait_turns(before + 2)[-1]
    assert turn["area"] == "living_room", turn
    assert turn["session"] == home.turns()[before]["session"]
    assert len(home.turns()) == before + 2, home.turns()  # that he listens is no turn
    assert [action["service"] for action in turn["actions"]] == ["turn_on"], turn
    assert all("living_room" in entity for entity in turn["actions"][0]["entity_id"]), turn
    home.send_satellites_away()
    kitchen, hall, reference = (read_wav(home.report_dir / area / "speaker.wav") for area in ROOMS)
    sounds = np.flatnonzero(np.abs(reference) > 300)
    said = reference[sounds[0] : sounds[-1]]
    first, then = heard(said, kitchen, from_end=False), heard(said, hall, from_end=True)
    # Digital silence before and after: a loudspeaker that is given sound is never quite silent.
    left, came = int(np.flatnonzero(kitchen)[-1]), int(np.flatnonzero(hall)[0])
    left_said = left - int(np.median([first[at] - at for at in sorted(first)[-8:]]))
    came_said = came - int(np.median([then[at] - at for at in sorted(then)[:8]]))
    twice_ms, silence_ms = (left_said - came_said) / 24, (came - left) / 24
    pieces = [at for at in range(0, said.size - _PIECE, _STEP) if np.abs(said[at : at + _PIECE]).max() >= _LOUD]
    missing = [at // 24 for at in pieces if at not in first and at not in then]
    print(f"{said.size / 24:.0f} ms said, the hall goes on at {came_said / 24:.0f} ms")
    print(f"said in both {twice_ms:.0f} ms, silence between them {silence_ms:.0f} ms, heard in neither at {missing} ms")
    assert 0.2 * said.size < came_said < 0.9 * said.size
    assert -80 <= twice_ms <= 160
    assert silence_ms <= 80
    assert len(missing) * _STEP <= 0.08 * said.size
