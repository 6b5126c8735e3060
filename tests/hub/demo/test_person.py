import numpy as np
import pytest

from hub.demo.acoustics import RATE_HZ, active_level_db
from hub.demo.person import GAP_S, NEAR_DB, ROOMS, SETTLE_S, WALL_DB, Line, Room, call_and, play

QUIET = (Room("kitchen", -95.0), Room("living_room", -95.0), Room("bedroom", -95.0))


class _Person:
    """Half a second of a buzz whose pitch depends on the text."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def __call__(self, text: str) -> np.ndarray:
        self.said.append(text)
        phase = np.arange(RATE_HZ // 2) * (100 + len(text)) / RATE_HZ
        return (8000 * np.sign(np.sin(2 * np.pi * phase))).astype(np.int16)


def _heard_db(scene, area, cue):
    return active_level_db(scene.microphones[area][round(cue.begin_s * RATE_HZ) : round(cue.end_s * RATE_HZ)])


async def test_a_sentence_is_near_in_one_room_and_fainter_behind_each_wall():
    scene = await play([Line("kitchen", "hello")], QUIET, _Person())
    cue = scene.cues[0]
    levels = [_heard_db(scene, room.area, cue) for room in QUIET]
    assert levels[0] == pytest.approx(NEAR_DB, abs=1.0)
    assert levels[1] - levels[0] == pytest.approx(WALL_DB[0], abs=1.5)
    assert levels[2] - levels[0] == pytest.approx(WALL_DB[1], abs=1.5)


async def test_a_faint_sentence_still_stands_above_every_room_s_noise():
    scene = await play([Line("kitchen", "hello")], ROOMS, _Person())
    for room in ROOMS:
        assert _heard_db(scene, room.area, scene.cues[0]) > room.noise_db + 10


async def test_the_farther_microphone_hears_it_later():
    scene = await play([Line("bedroom", "hello")], QUIET, _Person())

    def onset(area):
        return int(np.flatnonzero(np.abs(scene.microphones[area]) > 1e-3)[0])

    assert onset("living_room") - onset("bedroom") == pytest.approx(5 / 343 * RATE_HZ, rel=0.1)


async def test_every_run_records_the_same():
    lines = [Line("kitchen", "one"), Line("bedroom", "two three")]
    first, second = [await play(lines, ROOMS, _Person()) for _ in range(2)]
    assert first.cues == second.cues
    for area, track in first.microphones.items():
        assert np.array_equal(track, second.microphones[area])


async def test_lines_leave_time_to_settle_and_to_answer():
    scene = await play([Line("kitchen", "one"), Line("bedroom", "two")], ROOMS, _Person())
    one, two = scene.cues
    assert one.begin_s >= SETTLE_S
    assert two.begin_s - one.end_s >= GAP_S
    assert scene.length_s > two.end_s
    assert len({len(track) for track in scene.microphones.values()}) == 1


async def test_the_wake_word_is_joined_by_a_comma():
    person = _Person()
    await play([Line("kitchen", " is the garage door open? ")], ROOMS, person)
    assert person.said == [call_and("is the garage door open?")] == ["Alexa, is the garage door open?"]


async def test_no_microphone_is_driven_into_clipping():
    scene = await play([Line(room.area, "x") for room in ROOMS], ROOMS, _Person())
    assert max(np.abs(track).max() for track in scene.microphones.values()) < 0.9
