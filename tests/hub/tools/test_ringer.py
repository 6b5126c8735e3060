"""When a time has come: one ring, one sentence, one deed, whoever is there."""

from __future__ import annotations

import asyncio

import pytest

from hub.tools.ringer import Ringer
from hub.understanding.house import Action, ActionResult
from protocol.errors import RoomtoneError
from protocol.messages import Rang, Timer, Timers

KITCHEN = "aa" * 16


class SilentError(RoomtoneError):
    code = "area_silent"


class Line:
    def __init__(self, *features):
        self.features, self.sent = frozenset(features), []

    def send(self, message):
        self.sent.append(message)

    def timers(self):
        """What it keeps now, as a satellite would."""
        lasts = [index for index, message in enumerate(self.sent) if isinstance(message, Timers)]
        ids = self.sent[lasts[-1]].ids if lasts else ()
        left = {message.id: message.remaining_ms for message in self.sent if isinstance(message, Timer)}
        return {one: left[one] for one in ids}


class House:
    """A ringer with everything around it moved by hand."""

    def __init__(self, hub):
        self.hub, self.lines, self.said, self.acted, self.silent, self.fails = hub, {}, [], [], False, None
        self.open()

    def open(self):
        self.ringer = Ringer(
            self.hub.agenda, line=self.lines.get, announce=self.announce, act=self.act, now_s=lambda: self.hub.clock.now
        )
        self.task = asyncio.ensure_future(self.ringer.run())

    async def announce(self, area, sentence):
        if self.silent:
            raise SilentError("Nobody there.")
        self.said.append((area, sentence))

    async def act(self, action, trace):
        self.acted.append(action)
        return ActionResult(action, verified=not self.fails, error=self.fails, sentence="The lamp does not answer.")

    def connect(self, *features):
        self.lines[KITCHEN] = Line(*features)
        self.ringer.satellite_up(KITCHEN)
        return self.lines[KITCHEN]

    async def pass_(self, seconds=0.0):
        self.hub.clock.pass_(seconds)
        for _ in range(3):
            self.ringer._changed.set()
            for _ in range(8):
                await asyncio.sleep(0)

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def set(self, service="start", domain="timer", **data):
        result = await self.hub.deeds.act(
            Action(domain, service, (), data), area_id="kitchen", trace=f"{service}{self.hub.clock.now}{data}"
        )
        assert result.verified, result
        await self.pass_()


@pytest.fixture
async def house(hub):
    made = House(hub)
    yield made
    await made.stop()


async def test_a_satellite_is_told_its_timers_as_what_remains(house):
    line = house.connect("timers")
    await house.set(duration=60, name="egg")
    assert list(line.timers().values()) == [60_000]
    await house.pass_(10)
    await house.set("add", duration=30)
    assert list(line.timers().values()) == [80_000]
    await house.set("pause")
    assert line.timers() == {}
    await house.set("resume")
    assert list(line.timers().values()) == [80_000]
    await house.set("cancel")
    assert line.timers() == {}


async def test_a_satellite_that_rings_is_left_to_it_and_the_hub_says_what_it_is(house):
    line = house.connect("timers")
    await house.set(duration=60, name="egg")
    (one,) = line.timers()
    await house.pass_(60.1)
    assert house.said == []
    house.ringer.rang(KITCHEN, Rang(id=one, state="ringing"))
    for _ in range(20):
        await house.pass_(1)
    assert house.said == [("kitchen", "The egg timer is done.")]
    assert one in line.timers()
    house.ringer.rang(KITCHEN, Rang(id=one, state="stopped"))
    await house.pass_()
    assert (line.timers(), len(house.hub.agenda)) == ({}, 0)


async def test_where_no_satellite_rings_the_hub_speaks_once(house):
    house.connect()
    await house.set(duration=60)
    await house.set("start", "reminder", text="take the bins out", delay=120)
    for _ in range(30):
        await house.pass_(5)
    assert house.said == [("kitchen", "The timer is done."), ("kitchen", "I was to remind you: take the bins out.")]
    assert not house.lines[KITCHEN].sent


async def test_a_satellite_that_promised_and_does_not_ring_is_stood_in_for(house):
    line = house.connect("timers")
    await house.set(duration=60)
    await house.pass_(62)
    assert house.said == []
    await house.pass_(2)
    assert house.said == [("kitchen", "The timer is done.")]
    assert line.timers() == {}


async def test_what_nobody_could_hear_is_said_when_somebody_is_there(house):
    house.silent = True
    await house.set(duration=60)
    for _ in range(10):
        await house.pass_(60)
    house.silent = False
    line = house.connect("timers")
    await house.pass_(1)
    assert house.said == []  # it may have rung by itself, and says so first
    await house.pass_(5)
    assert len(house.said) == 1
    assert house.said[0][1].startswith("The timer is done. It was due nine minutes")
    assert line.timers() == {}


async def test_a_satellite_that_rang_while_the_hub_was_gone_is_believed(house):
    line = house.connect("timers")
    await house.set(duration=60)
    (one,) = line.timers()
    await house.stop()
    house.hub.restart(off_s=200)
    house.open()
    house.lines.clear()
    house.silent = True
    await house.pass_(1)
    house.silent = False
    line = house.connect("timers")
    house.ringer.rang(KITCHEN, Rang(id=one, state="stopped"))
    for _ in range(5):
        await house.pass_(2)
    assert house.said == []
    assert len(house.hub.agenda) == 0


async def test_a_deed_is_done_once_and_only_its_failure_is_told(house):
    await house.hub.deeds.act(
        Action("light", "turn_off", ("light.x",), {"delay": 60}, "the lamp off"), area_id="kitchen", trace="a"
    )
    for _ in range(10):
        await house.pass_(20)
    assert [(action.service, dict(action.data)) for action in house.acted] == [("turn_off", {})]
    assert house.said == []
    house.fails = "unavailable"
    await house.hub.deeds.act(Action("light", "turn_off", ("light.x",), {"delay": 60}), area_id="kitchen", trace="b")
    await house.pass_(61)
    await house.pass_()
    assert house.said == [("kitchen", "What I was to do later did not work. The lamp does not answer.")]


async def test_a_deed_that_is_long_overdue_or_was_interrupted_is_told_and_not_done(house):
    await house.stop()
    for trace in ("late", "begun"):
        await house.hub.deeds.act(
            Action("lock", "lock", ("lock.x",), {"delay": 60}, f"{trace} door"), area_id="kitchen", trace=trace
        )
    late, begun = list(house.hub.agenda)
    house.hub.agenda.begin(begun)
    house.hub.restart(off_s=4000)
    house.open()
    await house.pass_(1)
    await house.pass_(1)
    assert house.acted == []
    assert sorted(sentence for _area, sentence in house.said) == [
        "I was interrupted and do not know whether this was done: begun door.",
        "I was not there in time, so this was not done: late door.",
    ]
    assert len(house.hub.agenda) == 0


async def test_an_old_timer_of_a_satellite_is_taken_back(house):
    line = house.connect("timers")
    await house.pass_()
    before = len(line.sent)
    house.ringer.rang(KITCHEN, Rang(id="gone", state="ringing"))
    await house.pass_()
    assert line.sent[before:] == [Timers(ids=())]
