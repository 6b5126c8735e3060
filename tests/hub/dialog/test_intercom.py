"""Calls between rooms: who hears whom, how they end, and that nothing piles up."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.dialog.guests import Guests
from hub.dialog.intercom import LONGEST_S, SILENCE_S, TRANSITIONS, CallState, Intercom
from hub.dialog.rendering import Rendering
from hub.engine.port import EngineError
from hub.events import EventBus, FloorGranted, IntercomBegan, IntercomEnded, Trouble, TurnEnded
from hub.hearing.port import Final
from hub.machine import StepCounts
from hub.rooms.floor import Floors
from protocol.errors import RoomtoneError
from protocol.messages import Floor, Play
from tests.hub.dialog.conftest import FakeLine
from tests.hub.dialog.speaking_house import SILENCE, SpeakingHouse, refused, until
from tests.virtual_time import VirtualLoop

pytestmark = pytest.mark.virtual_time
WORDS = np.full(480, 2000, np.int16)


@pytest.fixture
async def house(cast):
    house = SpeakingHouse(cast)
    yield house
    await house.close()


async def test_both_rooms_are_told_and_then_hear_each_other_and_no_engine_hears_them(cast, house):
    kitchen, bedroom = house.rooms["kitchen"], house.rooms["bedroom"]
    call = await house.house.intercoms.call("kitchen", "bedroom")
    assert sorted(cast.engine.said) == ["Intercom from Kitchen.", "Intercom to Bedroom."]
    for room in (kitchen, bedroom):
        assert room.talks
        assert room.uplink
        assert room.of(Floor)[-1].because == "asked"
        assert house.kinds(room.area_id) == ["intercom", "intercom"]
        # The microphone opens after the room was told, and before it hears the other one.
        order = [type(message).__name__ for message in room.sent]
        assert order == ["Play", "Floor", "Play"]
    assert call.state is CallState.OPEN
    assert all(session.closed for session in cast.engine.sessions)
    before = {area: room.heard.size for area, room in house.rooms.items()}
    for _ in range(50):
        kitchen.speaks(WORDS)
        bedroom.speaks(-WORDS)
        await asyncio.sleep(0.02)
    assert (bedroom.heard[before["bedroom"] :] == 2000).all()
    assert bedroom.heard.size - before["bedroom"] == 50 * 480
    assert (kitchen.heard[before["kitchen"] :] == -2000).all()
    assert house.rooms["hallway"].heard.size == 0
    assert not cast.hearing.streams
    assert house.house.intercoms.other("kitchen") == "bedroom"
    assert house.house.intercoms.hang_up("bedroom") == [("kitchen", "bedroom")]
    for room in (kitchen, bedroom):
        assert not room.talks
        assert not room.uplink
    assert len(house.board.floors) == 0
    assert [event.areas for event in cast.seen(IntercomBegan)] == [("kitchen", "bedroom")]
    assert [event.reason for event in cast.seen(IntercomEnded)] == ["hung_up"]
    assert house.house.intercoms.steps.refused.total() == 0


async def test_it_ends_when_nobody_has_spoken_for_a_while(cast, house):
    call = await house.house.intercoms.call("kitchen", "bedroom")
    opened_s = asyncio.get_running_loop().time()
    for _ in range(20):
        await asyncio.sleep(SILENCE_S / 2)
        house.rooms["bedroom"].speaks(WORDS)
        house.rooms["kitchen"].speaks(SILENCE, speech=False)
    spoken_s = asyncio.get_running_loop().time()
    assert spoken_s - opened_s > 5 * SILENCE_S
    assert await call.ended == "silence"
    assert asyncio.get_running_loop().time() - spoken_s == pytest.approx(SILENCE_S, abs=0.1)
    assert not house.rooms["kitchen"].talks


async def test_a_television_does_not_keep_it_open_for_ever(house):
    call = await house.house.intercoms.call("kitchen", "bedroom")
    opened_s = asyncio.get_running_loop().time()
    while call.state is CallState.OPEN:
        house.rooms["kitchen"].speaks(WORDS)
        await asyncio.sleep(5.0)
    assert call.ended.result() == "too_long"
    assert asyncio.get_running_loop().time() - opened_s == pytest.approx(LONGEST_S, abs=6.0)


@pytest.mark.parametrize("how", ["wake", "button", "stop", "mute", "lost"])
@pytest.mark.parametrize("area", ["kitchen", "bedroom"])
async def test_either_room_can_end_it(cast, house, how, area):
    room = house.rooms[area]
    call = await house.house.intercoms.call("kitchen", "bedroom")
    match how:
        case "wake":
            room.wakes()
        case "button":
            room.wakes("button")
        case "stop":
            house.board.stop_asked(room)
        case "mute":
            room.session.muted()
            house.board.muted(room, muted=True)
        case "lost":
            house.lose(area)
    reason = await call.ended
    assert reason == {"wake": "called", "button": "stopped", "stop": "stopped", "mute": "muted"}.get(
        how, "satellite_lost"
    )
    other = house.rooms["bedroom" if area == "kitchen" else "kitchen"]
    assert not other.talks
    if how == "wake":
        await until(lambda: cast.seen(FloorGranted))
        assert room.talks
        assert [event.area for event in cast.seen(FloorGranted)] == [area]
    else:
        assert len(house.board.floors) == 0
        assert not cast.seen(FloorGranted)


async def test_what_is_in_the_way_of_a_call(cast, house):
    intercoms = house.house.intercoms
    assert await refused(intercoms.call("kitchen", "kitchen")) == "same_area"
    assert await refused(intercoms.call("kitchen", "cellar")) == "area_silent"
    house.house.quiet.switch("bedroom", quiet=True)
    assert await refused(intercoms.call("kitchen", "bedroom")) == "quiet_hours"
    assert await refused(intercoms.call("bedroom", "kitchen")) == "quiet_hours"
    house.board.muted(house.rooms["hallway"], muted=True)
    assert await refused(intercoms.call("kitchen", "hallway")) == "muted"
    house.board.muted(house.rooms["hallway"], muted=False)
    house.rooms["hallway"].features = frozenset()
    assert await refused(intercoms.call("kitchen", "hallway")) == "not_capable"
    house.rooms["hallway"].features = frozenset({"ask"})
    cast.engine.busy = True
    assert await refused(intercoms.call("kitchen", "hallway")) == "engine_busy"
    cast.engine.busy = False
    await intercoms.call("kitchen", "hallway")
    house.house.quiet.switch("bedroom", quiet=False)
    assert await refused(intercoms.call("bedroom", "hallway")) == "area_busy"
    assert await refused(house.house.ask("Hello?", "kitchen")) == "area_busy"
    assert len(house.board.floors) == 2
    intercoms.hang_up()
    with pytest.raises(RoomtoneError):
        intercoms.hang_up()
    assert intercoms.hang_up("kitchen", may_be_over=True) == []
    assert house.board.floors.refused == 0


async def test_a_room_that_does_not_let_itself_be_told_is_not_listened_to(cast, house):
    bedroom = house.rooms["bedroom"]
    bedroom.plays = False
    calling = asyncio.create_task(refused(house.house.intercoms.call("kitchen", "bedroom")))
    await until(lambda: bedroom.audio)
    house.board.stop_asked(bedroom)  # a hand on it, before the announcement is over
    assert await calling == "call_ended"
    assert not bedroom.uplink
    assert not any(room.of(Floor) for room in house.rooms.values())
    assert len(house.board.floors) == 0
    assert not cast.seen(IntercomEnded)  # it never began


async def test_who_asks_by_voice_is_connected_when_his_turn_is_over(cast, house):
    kitchen = house.rooms["kitchen"]
    house.house.quiet.switch("kitchen", quiet=True)  # who asks does not mind
    kitchen.wakes()
    await until(lambda: cast.hearing.streams)
    house.house.call_after_turn("kitchen", "hallway")
    cast.hearing.streams[0].emit(Final("Turn on the kitchen lights.", 0, 0, 0.9))
    await until(lambda: cast.seen(TurnEnded))
    await until(lambda: cast.seen(IntercomBegan))
    assert house.house.intercoms.all() == [("kitchen", "hallway")]
    assert cast.engine.said[1:] == ["Intercom from Kitchen."]  # he has been told already: a chime alone
    assert kitchen.talks


async def test_the_turn_of_somebody_else_in_that_room_begins_no_call(cast, house):
    house.rooms["kitchen"].wakes()
    await until(lambda: cast.hearing.streams)
    house.house.call_after_turn("kitchen", "hallway")
    cast.voices.bus.publish(TurnEnded("trace", "s-of-another", "kitchen", {}))
    await asyncio.sleep(0.1)
    assert not house.house.intercoms.all()
    cast.hearing.streams[0].emit(Final("Turn on the kitchen lights.", 0, 0, 0.9))
    await until(lambda: cast.seen(IntercomBegan))


async def test_who_asks_outside_any_conversation_is_connected_at_once(cast, house):
    house.house.call_after_turn("kitchen", "hallway")
    await until(lambda: cast.seen(IntercomBegan))


async def test_a_call_that_cannot_be_made_after_all_is_told_where_it_was_asked_for(cast, house):
    house.rooms["kitchen"].wakes()
    await until(lambda: cast.hearing.streams)
    house.house.call_after_turn("kitchen", "hallway")
    house.house.quiet.switch("hallway", quiet=True)
    cast.hearing.streams[0].emit(Final("Turn on the kitchen lights.", 0, 0, 0.9))
    await until(lambda: [event.code for event in cast.seen(Trouble)] == ["quiet_hours"])
    await until(lambda: "Hallway is not to be disturbed." in cast.engine.said)
    assert not cast.seen(IntercomBegan)


async def test_an_announcement_goes_over_a_call(cast, house):
    await house.house.intercoms.call("kitchen", "bedroom")
    bedroom = house.rooms["bedroom"]
    before = bedroom.heard.size
    announced = asyncio.create_task(house.house.announce("Dinner.", ["bedroom"]))
    while not announced.done():
        house.rooms["kitchen"].speaks(WORDS)
        await asyncio.sleep(0.02)
    assert (await announced)[0].outcome == "played"
    heard = bedroom.heard[before:].astype(int)
    assert 2000 in heard  # the other room alone
    assert 1200 in heard  # the voice, and under it the other room 20 dB down
    house.rooms["kitchen"].speaks(WORDS)
    assert bedroom.heard[-1] == 2000
    cut = asyncio.create_task(house.house.announce("Too late.", ["bedroom"]))
    await asyncio.sleep(0.05)
    house.house.intercoms.hang_up()
    assert (await cut)[0].outcome == "cut"


async def test_what_a_timer_says_goes_over_a_call(cast, house):
    await house.house.intercoms.call("kitchen", "bedroom")
    said = asyncio.create_task(house.board.announce("bedroom", "The timer is done."))
    while not said.done():
        house.rooms["kitchen"].speaks(SILENCE, speech=False)
        await asyncio.sleep(0.02)
    assert (await said).spoken
    assert (house.rooms["bedroom"].heard == 1000).sum() == 2 * 2400  # that it is called, and the timer
    assert house.house.intercoms.all() == [("kitchen", "bedroom")]


# --- anything in any order ---


class CallMachine(RuleBasedStateMachine):
    """Two lines whose calls come and go: two floors or none, and sound only between rooms that were told."""

    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        self.floors, self.bus, self.counts = Floors(), EventBus(), StepCounts()
        self.guests = Guests(self.floors)
        self.lines = [FakeLine(device_id=f"{n:032x}", area_id=area) for n, area in enumerate("abc")]
        for line in self.lines:
            line.on_playback = self.played
        self.calls, self.rings, self.number = [], [], 0
        self.generations = iter(range(1, 60_000))

    def teardown(self):
        self.do(lambda: [call.close("teardown") for call in self.calls])
        self.loop.run_until_complete(asyncio.sleep(0.1))
        left = [ring for ring in self.rings if not ring.done()]
        self.loop.close()
        assert not left, "a call that is over still rings"

    def do(self, what):
        async def step():
            what()
            await asyncio.sleep(0)

        self.loop.run_until_complete(step())

    def played(self, line, playback):
        guest = self.guests.at(line)
        if guest is not None:
            guest.playback(playback, 0.0)

    @rule(pair=st.permutations([0, 1, 2]), words=st.booleans())
    def begin(self, pair, words):
        async def start():
            self.number += 1
            lines = self.lines[pair[0]], self.lines[pair[1]]
            call = Intercom(
                f"i-{self.number}",
                lines,
                self.guests,
                generation=lambda _line: next(self.generations),
                now_ms=self.loop.now_ms,
                bus=self.bus,
                counts=self.counts,
            )
            self.calls.append(call)
            try:
                call.enter(("A", "B"))
            except RoomtoneError:
                assert call.state is CallState.CLOSED
                return
            told = Rendering(WORDS)
            await told.render(None, None, "")
            if not words:
                told.fault = EngineError("The voice broke.")
            self.rings.append(self.loop.create_task(call.ring((told, told))))

        self.loop.run_until_complete(start())

    @rule(seconds=st.sampled_from([0.001, 0.1, 5.0, 40.0]))
    def wait(self, seconds):
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule(number=st.integers(0, 2), speech=st.booleans())
    def speak(self, number, speech):
        guest = self.guests.at(self.lines[number])
        if guest is not None and self.lines[number].uplink:
            self.do(lambda: guest.audio(WORDS, 0, speech=speech))

    @rule(number=st.integers(0, 2), reason=st.sampled_from(["called", "stopped", "satellite_lost"]))
    def end(self, number, reason):
        self.do(lambda: self.guests.end(self.lines[number], reason))
        assert self.guests.at(self.lines[number]) is None

    @invariant()
    def two_floors_or_none(self):
        living = [call for call in self.calls if call.state is not CallState.CLOSED]
        assert len(self.floors) == 2 * len(living)
        assert len({area for call in living for area in call.areas}) == 2 * len(living)
        assert self.floors.refused == 0
        assert self.counts.refused.total() == 0

    @invariant()
    def a_microphone_is_open_only_in_an_open_call(self):
        hearing = {area for call in self.calls if call.state is CallState.OPEN for area in call.areas}
        assert {line.area_id for line in self.lines if line.uplink} == hearing
        for line in self.lines:
            granted = [m for m in line.of(Floor) if m.state == "granted"]
            released = [m for m in line.of(Floor) if m.state == "released"]
            assert len(granted) - len(released) == int(line.uplink)
            assert line.of(Play) or not granted


TestCalls = CallMachine.TestCase
TestCalls.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)


def test_the_table_leads_to_the_end_and_never_back():
    assert TRANSITIONS[CallState.CLOSED] == frozenset()
    assert CallState.RINGING not in {to for some in TRANSITIONS.values() for to in some}
