"""Announcements and questions, room by room."""

from __future__ import annotations

import asyncio

import pytest

from hub.engine.port import EngineBusyError
from hub.events import AnnouncementEnded, Announcing, Asking, FloorGranted, QuestionEnded, TurnEnded
from hub.hearing.port import Final, Partial, SpeechStarted
from hub.rooms.floor import FloorState
from protocol.messages import Floor
from tests.hub.dialog.speaking_house import AREAS, SpeakingHouse, refused, until

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def house(cast):
    house = SpeakingHouse(cast)
    yield house
    await house.close()


def now_s():
    return asyncio.get_running_loop().time()


# --- announcements ---


async def test_an_announcement_is_made_once_and_played_everywhere_after_a_chime(cast, house):
    outcomes = await house.house.announce("Dinner is ready.")
    assert {one.area_id: one.outcome for one in outcomes} == dict.fromkeys(AREAS, "played")
    assert cast.engine.said == ["Dinner is ready."]
    heard = [room.heard for room in house.rooms.values()]
    assert all((one == heard[0]).all() for one in heard)
    # The chime, then what the voice makes, a steady 1000.
    assert abs(heard[0][:9600]).max() > 2000
    assert (heard[0] == 1000).sum() == 2400
    assert {house.kinds(area)[0] for area in AREAS} == {"announcement"}
    assert cast.seen(Announcing)[0].areas == AREAS
    assert cast.seen(AnnouncementEnded)[0].outcomes == dict.fromkeys(AREAS, "played")
    assert all(session.closed for session in cast.engine.sessions)


async def test_what_is_in_the_way_is_told_room_by_room(house):
    house.house.quiet.switch("bedroom", quiet=True)
    house.lose("hallway")
    outcomes = await house.house.announce("Hello.", ["kitchen", "hallway", "bedroom", "cellar"])
    assert [one.outcome for one in outcomes] == ["played", "area_silent", "quiet_hours", "area_silent"]
    assert outcomes[2].to_json() == {
        "area": "bedroom",
        "name": "Bedroom",
        "played": False,
        "code": "quiet_hours",
        "message": "Bedroom is not to be disturbed.",
        "retry": True,
    }
    urgent = await house.house.announce("Fire!", ["bedroom"], urgent=True)
    assert urgent[0].outcome == "played"


async def test_nobody_is_there_at_all(house):
    for area in AREAS:
        house.lose(area)
    assert await refused(house.house.announce("Hello?")) == "area_silent"


async def test_a_voice_that_fails_is_told_for_every_room_that_heard_nothing(cast, house):
    cast.engine.busy = True
    outcomes = await house.house.announce("Hello.", ["kitchen", "bedroom"])
    assert {one.outcome for one in outcomes} == {"engine_busy"}
    cast.engine.busy, cast.engine.fails = False, True
    assert {one.outcome for one in await house.house.announce("Hello.")} == {"engine_failed"}


async def test_a_defect_in_the_making_is_told_as_a_voice_that_failed(cast, house, monkeypatch):
    async def broken(_request, _on_event):
        raise ValueError

    monkeypatch.setattr(cast.engine, "open", broken)
    assert {one.outcome for one in await house.house.announce("Hello.")} == {"engine_failed"}


async def test_what_waits_when_the_hub_ends_is_not_said(cast, house):
    cast.engine.seconds, kitchen = 3.0, house.rooms["kitchen"]
    kitchen.plays = False
    two = [asyncio.create_task(house.house.announce(f"Number {n}.", ["kitchen"])) for n in range(2)]
    await until(lambda: kitchen.audio)
    house.board.announcements.close()
    assert [(await one)[0].outcome for one in two] == ["cut", "area_busy"]
    assert len(kitchen.generations) == 1


async def test_who_calls_cuts_it_short_in_that_room_alone(cast, house):
    cast.engine.seconds = 3.0
    for room in house.rooms.values():
        room.plays = False
    running = asyncio.create_task(house.house.announce("A long story."))
    await until(lambda: all(room.audio for room in house.rooms.values()))
    for area in ("hallway", "bedroom"):
        house.rooms[area].plays = True
    house.rooms["kitchen"].wakes()
    outcomes = {one.area_id: one.outcome for one in await running}
    assert outcomes == {"kitchen": "cut", "hallway": "played", "bedroom": "played"}
    assert [event.area for event in cast.seen(FloorGranted)] == ["kitchen"]


async def test_an_answer_is_let_finish_and_the_other_rooms_do_not_wait(cast, house):
    kitchen = house.rooms["kitchen"]
    kitchen.wakes()
    await until(lambda: cast.hearing.streams)
    cast.engine.seconds = 2.0
    kitchen.plays = False
    cast.hearing.streams[0].emit(Final("Turn on the kitchen lights.", 0, 0, 0.9, decoded_ms=now_s() * 1000))
    await until(lambda: kitchen.audio)
    answer = kitchen.generations[-1]
    cast.engine.seconds = 0.1
    running = asyncio.create_task(house.house.announce("Dinner is ready.", ["kitchen", "bedroom"]))
    await until(lambda: house.rooms["bedroom"].audio)
    assert kitchen.generations[-1] == answer
    kitchen.plays = True
    kitchen.send_audio(kitchen.audio[-1][3], generation=answer, samples=48_000, last=True)
    assert [one.outcome for one in await running] == ["played", "played"]
    assert house.kinds("kitchen") == ["speech", "announcement"]
    assert cast.seen(TurnEnded)


async def test_announcements_of_one_room_come_one_after_the_other_and_not_without_end(cast, house):
    cast.engine.seconds, cast.engine.capacity = 0.5, 100
    many = [asyncio.create_task(house.house.announce(f"Number {n}.", ["kitchen"])) for n in range(7)]
    outcomes = [(await one)[0].outcome for one in many]
    assert outcomes.count("played") == 4
    assert outcomes.count("area_busy") == 3
    generations = [generation for generation, *_ in house.rooms["kitchen"].audio]
    assert generations == sorted(generations)


# --- questions ---


async def test_a_question_opens_the_microphone_there_and_gives_the_answer(cast, house):
    kitchen = house.rooms["kitchen"]
    asked = asyncio.create_task(house.house.ask("Shall I?", "kitchen", choices=["yes", "no"]))
    await until(lambda: cast.hearing.streams)
    assert cast.engine.said == ["Shall I?"]
    assert house.kinds("kitchen") == ["question"]
    grant = kitchen.of(Floor)[-1]
    assert (grant.state, grant.because, grant.chime) == ("granted", "asked", False)
    assert kitchen.talks
    assert house.board.floors.session_in("kitchen") == grant.session
    assert house.board.in_session(kitchen.device_id)
    stream = cast.hearing.streams[0]
    assert stream.hints.is_complete("yes")
    kitchen.speaks()
    assert stream.fed == 480
    stream.emit(SpeechStarted(0))
    stream.emit(Partial("yes"))
    stream.emit(Final("Yes please.", 0, 0, 0.9))
    answer = await asked
    assert (answer.text, answer.choice) == ("Yes please.", "yes")
    assert stream.closed
    assert not kitchen.talks
    assert not kitchen.uplink
    assert len(house.board.floors) == 0
    assert [event.text for event in cast.seen(Asking)] == ["Shall I?"]
    assert [event.code for event in cast.seen(QuestionEnded)] == [""]
    assert not cast.seen(FloorGranted)  # no conversation, so no assistant hears it
    assert house.house.question_steps.refused.total() == 0


async def test_silence_noise_and_another_answer(cast, house):
    started_s = now_s()
    assert await refused(house.house.ask("Hello?", "kitchen", timeout_s=5.0)) == "silence"
    assert 5.0 < now_s() - started_s < 8.0
    asked = asyncio.create_task(refused(house.house.ask("Hello?", "kitchen", timeout_s=3.0)))
    await until(lambda: len(cast.hearing.streams) == 2)
    cast.hearing.streams[1].emit(SpeechStarted(0))
    cast.hearing.streams[1].emit(Final("", 0, 0, 0.1))
    assert await asked == "unclear"
    asked = asyncio.create_task(refused(house.house.ask("Tea?", "kitchen", choices=["yes", "no"])))
    await until(lambda: len(cast.hearing.streams) == 3)
    cast.hearing.streams[2].emit(Final("The weather is nice.", 0, 0, 0.9))
    assert await asked == "unclear"
    assert all(stream.closed for stream in cast.hearing.streams)
    assert len(house.board.floors) == 0
    assert [event.code for event in cast.seen(QuestionEnded)] == ["silence", "unclear", "unclear"]


async def test_who_has_begun_to_answer_is_let_finish(cast, house):
    asked = asyncio.create_task(house.house.ask("Tell me?", "kitchen", timeout_s=3.0))
    await until(lambda: cast.hearing.streams)
    await asyncio.sleep(2.5)
    cast.hearing.streams[0].emit(SpeechStarted(0))
    await asyncio.sleep(10.0)
    cast.hearing.streams[0].emit(Final("A long answer.", 0, 0, 0.9))
    assert (await asked).text == "A long answer."


async def test_what_is_in_the_way_of_a_question(cast, house):
    house.house.quiet.switch("bedroom", quiet=True)
    assert await refused(house.house.ask("Awake?", "bedroom")) == "quiet_hours"
    house.board.muted(house.rooms["hallway"], muted=True)
    assert await refused(house.house.ask("Hello?", "hallway")) == "muted"
    house.rooms["kitchen"].features = frozenset({"timers"})
    assert await refused(house.house.ask("Hello?", "kitchen")) == "not_capable"
    house.rooms["kitchen"].features = frozenset({"ask"})
    assert await refused(house.house.ask("Hello?", "cellar")) == "area_silent"
    house.rooms["kitchen"].wakes()
    await until(lambda: house.rooms["kitchen"].talks)
    assert await refused(house.house.ask("Hello?", "kitchen")) == "area_busy"
    cast.engine.fails = True
    house.house.quiet.switch("bedroom", quiet=False)
    assert await refused(house.house.ask("Hello?", "bedroom")) == "engine_failed"
    assert not any(message.because == "asked" for room in house.rooms.values() for message in room.of(Floor))


@pytest.mark.parametrize("how", ["wake", "button", "stop", "mute", "lost"])
async def test_a_question_is_cut_short_and_nothing_stays_behind(cast, house, how):
    kitchen = house.rooms["kitchen"]
    asked = asyncio.create_task(refused(house.house.ask("Shall I?", "kitchen")))
    await until(lambda: cast.hearing.streams)
    match how:
        case "wake":
            kitchen.wakes()
        case "button":
            kitchen.wakes("button")
        case "stop":
            house.board.stop_asked(kitchen)
        case "mute":
            kitchen.session.muted()
            house.board.muted(kitchen, muted=True)
        case "lost":
            house.lose("kitchen")
    assert await asked == "interrupted"
    assert cast.hearing.streams[0].closed
    if how == "wake":  # who calls is served
        await until(lambda: cast.seen(FloorGranted))
        assert kitchen.talks
    else:
        assert len(house.board.floors) == 0
        assert how == "lost" or not kitchen.talks


async def test_one_room_is_asked_one_question_at_a_time(cast, house):
    first = asyncio.create_task(refused(house.house.ask("One?", "kitchen", timeout_s=1.0)))
    await asyncio.sleep(0)
    assert await refused(house.house.ask("Two?", "kitchen")) == "area_busy"
    assert (await house.house.announce("Hello.", ["kitchen"]))[0].outcome == "area_busy"
    elsewhere = asyncio.create_task(refused(house.house.ask("Three?", "bedroom", timeout_s=1.0)))
    assert (await first, await elsewhere) == ("silence", "silence")
    assert house.board.floors.refused == 0
    assert FloorState.HELD not in [house.board.floors.session_in(area) for area in AREAS]


async def test_a_caller_who_gives_up_closes_the_microphone(cast, house):
    asked = asyncio.create_task(house.house.ask("Shall I?", "kitchen"))
    await until(lambda: cast.hearing.streams)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert not house.rooms["kitchen"].talks
    assert len(house.board.floors) == 0
    assert cast.hearing.streams[0].closed


async def test_a_busy_engine_is_told(cast, house):
    cast.engine.busy = True
    with pytest.raises(EngineBusyError):
        await house.house.ask("Hello?", "kitchen")
    assert len(house.board.floors) == 0
