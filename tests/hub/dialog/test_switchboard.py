from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from hub.dialog.switchboard import AreaSilentError, Switchboard
from hub.engine.port import EngineBusyError
from hub.events import FloorGranted, FloorReleased, SatelliteDown, Trouble, TurnEnded
from hub.hearing.port import Final
from hub.rooms.arbiter import Arbiter
from protocol.errors import LinkClosedError
from protocol.messages import Floor, Wake
from protocol.records import LevelBatch, LevelRecord, MeasureFlag, Measurement

SILENCE = np.zeros(480, np.int16)


def now_ms():
    return time.monotonic() * 1000.0


def now_us():
    return int(time.monotonic() * 1e6)


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
        self.board = Switchboard(cast.voices, Arbiter(window_ms=60), area_name=str.title)
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
    for area in house.lines:
        house.hears(area, 20.0)
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
    assert now_ms() - started < 55


async def test_a_latecomer_to_a_decided_call_stays_silent(cast, house):
    house.wakes("kitchen", 25.0)
    await until(lambda: house.floors("kitchen"))
    house.wakes("hallway", 12.0)
    assert house.floors("hallway") == ["denied"]


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
    assert house.floors("kitchen") == ["released"]


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
    assert await house.board.announce("bedroom", "The washing is done.") is True
    assert cast.engine.said == ["The washing is done."]
    assert house.lines["bedroom"].audio
    assert not house.lines["kitchen"].audio


async def test_an_empty_room_is_said(cast, house):
    with pytest.raises(AreaSilentError, match="Garage"):
        await house.board.announce("garage", "Hello.")


async def test_generations_count_on_and_never_become_zero(cast, house):
    line = house.lines["kitchen"]
    house.board._generations[line.device_id] = 0xFFFE
    assert [house.board._generation(line) for _ in range(3)] == [0xFFFF, 1, 2]
