"""One satellite lies; the others are served as if it were not there."""

from __future__ import annotations

import numpy as np
import pytest

from hub.rooms.arbiter import Arbiter
from hub.rooms.evidence import call_from
from hub.rooms.reception import Reception
from hub.rooms.registry import Registry
from protocol.messages import Wake
from protocol.records import LevelBatch, LevelRecord, MeasureFlag
from tests.hub.rooms.simple_house import FAR, NEAR, SILENCE

TALKER, NEIGHBOUR, LIAR = range(3)


class Line:
    clock_error_ms = 1.0
    features = frozenset({"follow"})

    def __init__(self, name):
        self.device_id = self.area_id = self.name = name

    def to_hub_ms(self, satellite_us):
        return satellite_us / 1000.0


class Home:
    """Two rooms that tell the truth, and one that reports what it is told to."""

    def __init__(self, lie):
        self.registry, self.lie = Registry(), lie
        self.reception = Reception(self.registry, Arbiter())
        self.rooms = [self.registry.add(Line(name)) for name in ("kitchen", "hall", "attic")]
        self.now_ms, self.codes = 100_000.0, []

    def hear(self, seconds, heard):
        for step in range(round(seconds * 50)):
            self.now_ms += 20.0
            for index in (TALKER, NEIGHBOUR):
                snr_db, variance, hf_db = heard.get(index, SILENCE)
                flags = MeasureFlag.SPEECH if snr_db > 3.0 else MeasureFlag.NONE
                self.report(index, LevelRecord(-60.0 + snr_db + step % 3, 0.9, snr_db, variance, hf_db, flags))
            self.lie(self, step)
            self.reception.step(self.now_ms)

    def report(self, index, record, at_ms=None):
        at_ms = self.now_ms if at_ms is None else at_ms
        error = self.registry.hear(self.rooms[index], LevelBatch((record,), 1, None), at_ms, self.now_ms)
        if error is not None:
            self.codes.append((self.rooms[index].area_id, error.code))

    def wake(self, index):
        """What the switchboard does with a call."""
        room = self.rooms[index]
        error = self.registry.called(room, self.now_ms)
        if error is not None:
            self.reception.withdraw(room)
            self.codes.append((room.area_id, error.code))
        if self.registry.held(room, self.now_ms) is not None:
            return
        end = int(self.now_ms * 24)
        wake = Wake(
            word="alexa", score=0.9, start_samples=end - 16_800, end_samples=end, time_us=int(self.now_ms * 1e3)
        )
        self.reception.call(call_from(room, wake, (), self.now_ms), self.now_ms)

    def served(self):
        decision = self.reception.due(self.now_ms + 1_000.0)
        return None if decision is None else self.reception.places(decision, self.now_ms)[0].area_id


def frozen(home, _step):
    home.report(LIAR, LevelRecord(-20.0, 1.0, 40.0, 0.5, -5.0, MeasureFlag.SPEECH))


def deafening(home, step):
    home.report(LIAR, LevelRecord(0.0, 1.0, 30.0 + step % 9, 0.5, -5.0, MeasureFlag.SPEECH))


def from_tomorrow(home, step):
    record = LevelRecord(-20.0 - step % 5, 1.0, 40.0, 0.5, -5.0, MeasureFlag.SPEECH)
    home.report(LIAR, record, home.now_ms + 86_400_000.0)


def calling(home, step):
    home.report(LIAR, LevelRecord(-30.0 - step % 5, 1.0, 40.0, 0.5, -5.0, MeasureFlag.SPEECH))
    for _ in range(20):
        home.wake(LIAR)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (frozen, "satellite_is_frozen"),
        (deafening, "satellite_levels_impossible"),
        (from_tomorrow, "satellite_clock_jumps"),
        (calling, "satellite_calls_without_end"),
    ],
)
def test_the_others_are_served_and_the_liar_is_named_once(lie, code):
    home = Home(lie)
    home.hear(4.0, {})
    home.served()
    home.hear(0.9, {TALKER: NEAR, NEIGHBOUR: FAR})
    home.wake(NEIGHBOUR)
    home.wake(TALKER)
    assert home.served() == "kitchen"
    assert home.codes == [("attic", code)]
    home.hear(0.5, {TALKER: NEAR, NEIGHBOUR: FAR})
    assert home.registry.attention.guess == TALKER


def silent(_home, _step):
    pass


def test_nothing_is_left_of_a_liar_but_its_microphone():
    home = Home(deafening)
    home.hear(0.1, {})
    gains, liar = home.registry.attention.gains, home.rooms[LIAR]
    kitchen = home.registry.add(Line("den"))
    liar.line.area_id = "den"
    heard = np.arange(len(gains.count)) != NEIGHBOUR
    gains.learn(LIAR, np.full(len(gains.count), -40.0), heard)
    learnt = gains.to_json()
    home.hear(3.0, {})
    assert home.codes == [("den", "satellite_levels_impossible")]
    assert home.registry.in_area("den") is kitchen
    assert liar.level_db < -100.0
    gains.learn(LIAR, np.full(len(gains.count), -40.0), heard)
    assert gains.to_json() != learnt


def test_all_that_fire_at_once_are_one_call():
    home = Home(silent)
    home.hear(1.5, {})
    home.hear(0.3, dict.fromkeys((TALKER, NEIGHBOUR), NEAR))
    for index in (TALKER, NEIGHBOUR, LIAR):
        home.wake(index)
    assert home.served() in {"kitchen", "hall"}
    assert home.served() is None
    assert home.codes == []


def test_a_room_that_joins_while_somebody_speaks_takes_nothing_from_him():
    home = Home(silent)
    home.hear(1.5, {})
    home.hear(0.6, {TALKER: NEAR, NEIGHBOUR: FAR})
    joined = home.registry.add(Line("porch"))

    def loud(home, step):
        record = LevelRecord(-20.0 - step % 5, 1.0, 35.0, 0.3, -5.0, MeasureFlag.SPEECH)
        home.registry.hear(joined, LevelBatch((record,), 1, None), home.now_ms, home.now_ms)

    home.lie = loud
    home.hear(0.9, {TALKER: NEAR, NEIGHBOUR: FAR})
    assert home.registry.attention.guess == TALKER
    assert not home.registry.attention.background.television[TALKER]
