from __future__ import annotations

import asyncio

import numpy as np
import pytest

from hub.dialog.switchboard import AreaSilentError, Switchboard
from hub.engine.port import EngineBusyError, EngineError
from hub.events import FloorGranted, FloorReleased, SatelliteDown, Trouble, TurnEnded, Woke
from hub.hearing.port import Final, SpeechStarted
from hub.rooms.arbiter import Arbiter
from protocol.errors import LinkClosedError
from protocol.messages import Floor, Wake
from protocol.records import LevelBatch, LevelRecord, MeasureFlag, Measurement

pytestmark = pytest.mark.virtual_time

SILENCE = np.zeros(480, np.int16)
WINDOW_MS = 60


def now_ms():
    return asyncio.get_running_loop().time() * 1000.0


def now_us():
    return int(now_ms() * 1000)


async def until(condition, seconds=3.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def measured(snr_db):
    return Measurement(-60 + snr_db, -60.0, (-60.0 + snr_db,) * 10, 0.9, 0.9, 0.0, MeasureFlag.SPEECH)


class House:
    """A switchboard with rooms whose satellites the test plays."""

    def __init__(self, cast):
        self.cast = cast
        self.board = Switchboard(cast.voices, Arbiter(window_ms=WINDOW_MS), area_name=str.title)
        self.lines = {}

    def line(self, area, number):
        line = type(self.cast.line)(device_id=f"{number:032x}", area_id=area, name=area)
        line.on_playback = self.board.playback
        self.lines[area] = line
        self.board.satellite_up(line)
        return line

    def hears(self, area, snr_db):
        line = self.lines[area]
        records = (LevelRecord(-60 + snr_db, 0.9, snr_db, -2, 0, MeasureFlag.SPEECH),)
        self.board.levels(line, LevelBatch(records, 1, (-60.0,) * 10), 0, now_us())

    async def quiet(self, seconds):
        """The rooms get to know what they sound like."""
        for _ in range(int(seconds * 50)):
            for line in self.lines.values():
                silence = LevelRecord(-60.0, 0.0, -10.0, -10.0, -40.0, MeasureFlag.NONE)
                self.board.levels(line, LevelBatch((silence,), 1, (-60.0,) * 10), 0, now_us())
            await asyncio.sleep(0.02)

    def wakes(self, area, snr_db, *, word="alexa"):
        line = self.lines[area]
        quiet, loud = measured(0.0), measured(snr_db)
        wake = Wake(word=word, score=0.99, start_samples=480 * 40, end_samples=480 * 80, time_us=now_us())
        self.board.woke(line, wake, (quiet,) * 40 + (loud,) * 40)

    def floors(self, area):
        return [message.state for message in self.lines[area].of(Floor)]

    def speak(self, area):
        self.board.audio(self.lines[area], SILENCE, measured(20.0), 0, now_us())


@pytest.fixture
async def house(cast):
    house = House(cast)
    for number, area in enumerate(["kitchen", "hallway", "bedroom"], 1):
        house.line(area, number)
    yield house
    await house.board.close()


async def test_all_wake_and_the_nearest_alone_is_answered(cast, house):
    await house.quiet(1.2)
    for _ in range(30):
        for area, snr_db in (("kitchen", 31.0), ("hallway", 14.0), ("bedroom", 9.0)):
            house.hears(area, snr_db)
        await asyncio.sleep(0.02)
    house.wakes("hallway", 14.0)
    house.wakes("bedroom", 9.0)
    house.wakes("kitchen", 31.0)
    await until(lambda: house.floors("kitchen"))
    assert house.floors("kitchen") == ["granted"]
    assert house.floors("hallway") == house.floors("bedroom") == ["denied"]
    granted = cast.seen(FloorGranted)[0]
    assert granted.why.startswith("kitchen: +31 dB over its noise floor, hallway +14 dB")
    assert house.lines["kitchen"].uplink
    assert not house.lines["hallway"].uplink
    house.speak("kitchen")
    stream = cast.hearing.streams[0]
    assert stream.fed == 480
    assert stream.hints.wake_word == "alexa"
    stream.emit(Final("Turn on the kitchen lights.", 0, 0, 0.9, decoded_ms=now_ms()))
    await until(lambda: cast.seen(TurnEnded))
    assert house.lines["kitchen"].audio
    assert not house.lines["hallway"].audio
    record = cast.seen(TurnEnded)[0].record
    assert record["t_ms"]["onset"] < record["t_ms"]["wake"] <= record["t_ms"]["floor"] + 1


async def test_nobody_else_hears_it_so_nobody_waits(cast, house):
    started = now_ms()
    house.wakes("bedroom", 20.0)
    await until(lambda: house.floors("bedroom"))
    assert house.floors("bedroom") == ["granted"]
    assert now_ms() - started < WINDOW_MS / 4


async def test_a_latecomer_to_a_decided_call_stays_silent(cast, house):
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    house.wakes("hallway", 12.0)
    assert house.floors("hallway") == ["denied"]


async def test_a_hand_that_says_stop_takes_back_a_call_that_is_not_decided_yet(cast, house):
    house.hears("hallway", 6.0)
    house.wakes("kitchen", 6.0)
    assert house.board.reception.callers
    house.board.stop_asked(house.lines["kitchen"])
    await asyncio.sleep(0.15)
    assert "granted" not in house.floors("kitchen")


async def test_the_session_ends_and_the_room_is_told(cast, house):
    house.wakes("kitchen", 25.0)
    await until(lambda: cast.seen(FloorReleased))
    assert house.floors("kitchen") == ["granted", "released"]
    assert not house.lines["kitchen"].uplink
    assert len(house.board.floors) == 0


async def test_rooms_apart_hold_conversations_of_their_own(cast, house):
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    house.wakes("bedroom", 25.0, word="hey_mycroft")
    await until(lambda: house.floors("bedroom"))
    assert len(house.board.floors) == 2


async def test_a_busy_engine_releases_the_floor_at_once(cast, house):
    cast.engine.busy = True
    house.wakes("kitchen", 25.0)
    await until(lambda: cast.seen(Trouble))
    assert cast.seen(Trouble)[0].code == EngineBusyError.code
    assert len(house.board.floors) == 0
    assert house.floors("kitchen") == ["denied"]
    assert cast.seen(FloorReleased) == []  # what was never granted is not released


async def test_a_satellite_that_dies_in_mid_answer_leaves_no_ghost(cast, house):
    cast.engine.hold, cast.engine.seconds = True, 5.0
    house.wakes("kitchen", 25.0)
    await until(lambda: cast.hearing.streams)
    await until(lambda: house.floors("kitchen"))
    cast.hearing.streams[0].emit(Final("Turn on the kitchen lights.", 0, 0, 0.9))
    await until(lambda: house.lines["kitchen"].audio)
    house.board.satellite_down(house.lines["kitchen"], LinkClosedError("gone"))
    await until(lambda: cast.seen(FloorReleased))
    assert cast.seen(SatelliteDown)[0].code == "link_closed"
    assert cast.engine.sessions[0].closed
    assert len(house.board.registry) == 2


async def test_a_muted_room_cannot_call(cast, house):
    house.board.muted(house.lines["kitchen"], muted=True)
    house.wakes("kitchen", 25.0)
    await asyncio.sleep(0.1)
    assert house.floors("kitchen") == []


async def test_a_hand_on_the_satellite_ends_the_conversation(cast, house):
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    house.board.stop_asked(house.lines["kitchen"])
    await until(lambda: cast.seen(FloorReleased))
    assert cast.seen(FloorReleased)[0].reason == "stopped"


async def test_the_house_says_a_sentence_in_one_room(cast, house):
    assert (await house.board.announce("bedroom", "The washing is done.")).spoken is True
    assert cast.engine.said == ["The washing is done."]
    assert house.lines["bedroom"].audio
    assert not house.lines["kitchen"].audio


async def test_an_empty_room_is_said(cast, house):
    with pytest.raises(AreaSilentError, match="Garage"):
        await house.board.announce("garage", "Hello.")


async def test_a_call_to_a_conversation_that_is_closing_is_answered_by_a_new_one(cast, house):
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    release = asyncio.Event()
    cast.hearing.streams[0].close = release.wait
    house.board.stop_asked(house.lines["kitchen"])
    house.wakes("kitchen", 25.0)
    await asyncio.sleep(0.02)
    release.set()
    await until(lambda: len(cast.seen(FloorGranted)) == 2)
    # “Released” is no answer to the call: its own one follows, and with it the sound of the call.
    assert house.floors("kitchen") == ["granted", "released", "granted"]
    assert house.lines["kitchen"].uplink


@pytest.mark.parametrize("ticks", range(8))
async def test_a_call_in_the_very_moment_of_the_end_is_granted(cast, house, ticks):
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    house.board.stop_asked(house.lines["kitchen"])
    for _ in range(ticks):
        await asyncio.sleep(0)
    house.wakes("kitchen", 25.0)
    await until(lambda: len(cast.seen(FloorGranted)) == 2)
    assert house.floors("kitchen") == ["granted", "released", "granted"]


async def test_a_call_in_a_conversation_is_granted_again(cast, house):
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    house.wakes("kitchen", 25.0)
    await until(lambda: len(house.floors("kitchen")) == 2)
    assert house.floors("kitchen") == ["granted", "granted"]
    assert len(cast.seen(FloorGranted)) == 1


async def test_stopped_while_it_opens_no_room_is_left_listening(cast, house):
    cast.engine.opening_s = 0.05
    house.wakes("kitchen", 25.0)
    await asyncio.sleep(0.02)
    house.board.stop_asked(house.lines["kitchen"])
    await asyncio.sleep(0.1)
    assert house.floors("kitchen") == ["denied"]
    assert not house.lines["kitchen"].uplink
    assert all(session.closed for session in cast.engine.sessions)
    assert len(house.board.floors) == 0


async def test_a_defect_at_the_opening_releases_the_floor(cast, house):
    def breaks(_hints, _on_event):
        raise ZeroDivisionError

    cast.hearing.open = breaks
    house.wakes("kitchen", 25.0)
    await until(lambda: cast.seen(Trouble))
    await until(lambda: len(house.board.floors) == 0)
    assert house.floors("kitchen") == ["denied"]
    assert cast.engine.sessions[0].closed


async def test_an_overheard_call_does_not_end_a_conversation_of_its_own(cast, house):
    house.wakes("bedroom", 25.0)
    await until(lambda: house.floors("bedroom"))
    cast.hearing.streams[0].emit(SpeechStarted(0))
    await asyncio.sleep(1.25)  # the echo time of that call
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    house.wakes("bedroom", 8.0)
    assert house.floors("bedroom") == ["granted"]
    assert house.lines["bedroom"].uplink


async def test_two_satellites_in_one_area_hold_one_conversation_and_it_follows_the_person(cast, house):
    second = house.line("kitchen", 9)
    first = house.board.registry.by_device(f"{1:032x}").line
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    cast.hearing.streams[0].emit(SpeechStarted(0))
    wake = Wake(word="alexa", score=0.99, start_samples=0, end_samples=480, time_us=now_us())
    await asyncio.sleep(1.25)
    house.board.woke(first, wake, ())
    await until(lambda: first.of(Floor))
    assert [message.state for message in first.of(Floor)] == ["granted"]
    house.board.audio(first, SILENCE, measured(20.0), 0, now_us())
    assert [message.state for message in second.of(Floor)] == ["granted", "released"]
    assert len(house.board.floors) == 1
    assert house.board.in_session(first.device_id)
    assert not house.board.in_session(second.device_id)


async def test_a_call_ends_an_announcement(cast, house):
    cast.engine.seconds, cast.engine.hold = 5.0, True
    announcing = asyncio.create_task(house.board.announce("bedroom", "The washing is done."))
    await until(lambda: house.lines["bedroom"].audio)
    house.wakes("bedroom", 25.0)
    assert (await announcing).spoken is False
    assert house.lines["bedroom"].flushed == house.lines["bedroom"].generations


async def test_a_call_ends_an_announcement_that_has_not_begun(cast, house):
    cast.engine.opening_s = 0.05
    announcing = asyncio.create_task(house.board.announce("bedroom", "The washing is done."))
    await asyncio.sleep(0.01)
    house.wakes("bedroom", 25.0)
    assert (await announcing).spoken is False
    assert house.lines["bedroom"].audio == []


async def test_a_voice_that_breaks_in_an_announcement_is_an_error(cast, house):
    cast.engine.fails = True
    with pytest.raises(EngineError, match="broke"):
        await house.board.announce("bedroom", "The washing is done.")


async def test_an_announcement_in_a_conversation_waits_for_its_answer(cast, house):
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    house.speak("kitchen")
    cast.engine.seconds = 0.3
    cast.hearing.streams[0].emit(Final("Turn on the kitchen lights.", 0, 0, 0.9))
    await until(lambda: house.lines["kitchen"].audio)
    assert (await house.board.announce("kitchen", "The washing is done.")).spoken is True
    assert house.lines["kitchen"].flushed == []
    assert len(cast.engine.sessions) == 1


async def test_a_newer_connection_takes_the_call_and_the_floor_of_the_older(cast, house):
    house.hears("hallway", 20.0)
    older = house.lines["kitchen"]
    house.wakes("kitchen", 25.0)  # being collected: the hallway may still call
    newer = house.line("kitchen", 1)
    house.board.satellite_down(older, LinkClosedError("replaced"))
    await asyncio.sleep(0.15)
    assert newer.of(Floor) == []  # it has not called
    assert len(house.board.floors) == 0


async def test_after_the_end_nothing_begins(cast, house):
    await house.board.close()
    house.wakes("kitchen", 25.0)
    await asyncio.sleep(0.1)
    assert cast.engine.sessions == []


async def test_the_end_of_the_hub_in_mid_answer_leaves_no_task(cast, house):
    cast.engine.seconds, cast.engine.hold = 5.0, True
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    cast.hearing.streams[0].emit(Final("Turn on the kitchen lights.", 0, 0, 0.9))
    await until(lambda: house.lines["kitchen"].audio)
    before = asyncio.all_tasks()
    house.board.stop_asked(house.lines["kitchen"])
    await house.board.close()
    await asyncio.sleep(0)
    assert len(cast.seen(TurnEnded)) == len(cast.seen(FloorReleased)) == 1
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not [name for name in left if name.startswith(("turns-", "close-", "speech-"))], (left, before)


async def test_every_call_has_a_trace_of_its_own(cast, house):
    house.hears("hallway", 20.0)
    house.wakes("kitchen", 25.0)
    house.board.muted(house.lines["kitchen"], muted=True)  # takes its call back
    house.wakes("bedroom", 25.0)
    await until(lambda: cast.seen(FloorGranted))
    traces = [event.trace for event in cast.seen(Woke)]
    assert traces[0] != traces[1] == cast.seen(FloorGranted)[0].trace


async def test_generations_count_on_and_never_become_zero(cast, house):
    line = house.lines["kitchen"]
    house.board._generations[line.device_id] = 0xFFFE
    assert [house.board.generation(line) for _ in range(3)] == [0xFFFF, 1, 2]
