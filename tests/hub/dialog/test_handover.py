"""A conversation that goes along with its talker: the switchboard, three satellites and a voice made by hand."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from hub.dialog.switchboard import Switchboard
from hub.engine.port import EngineBusyError
from hub.evals.arbitration import ScenePlayer
from hub.events import Acted, FloorGranted, FloorMoved, FloorReleased, Trouble, TurnEnded
from hub.hearing.port import Final, SpeechStarted
from hub.rooms.arbiter import Arbiter
from hub.rooms.reception import Handover, Reception
from protocol.messages import Duck, Floor, Wake
from protocol.records import LevelBatch, LevelRecord, MeasureFlag, Measurement
from satellite.errors import NotWokenError
from satellite.session import Phase, Session
from tests.hub.dialog.conftest import FakeLine

pytestmark = pytest.mark.virtual_time

AREAS = ("kitchen", "hallway", "bedroom")
# SNR, envelope variance, high-frequency ratio: near a satellite, a door away, and nobody.
NEAR, DIM = (24.0, -0.2, -12.0), (12.0, -1.0, -20.0)
FAR, SILENCE = (4.0, -1.6, -26.0), (-6.0, -3.3, -8.0)


def now_ms():
    return asyncio.get_running_loop().time() * 1000.0


async def until(condition, seconds=3.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class Satellite(FakeLine):
    """Obeys the real satellite's rule; each counts its samples from a zero of its own."""

    def __init__(self, board, number):
        super().__init__(device_id=f"{number:032x}", area_id=AREAS[number], name=AREAS[number])
        self.board, self.zero = board, number * 1_000_000
        self.on_playback = board.playback
        self.session = Session(asyncio.get_running_loop().time)
        self.session.welcomed()
        self.cues, self.voice = SILENCE, 1

    def loudness_db(self, at_s):
        """Syllables: everybody has a rhythm of his own."""
        return 8.0 * np.sin(at_s * (17.0 + 7.3 * self.voice) + self.voice) if self.cues is not SILENCE else 0.0

    def send(self, message):
        super().send(message)
        if isinstance(message, Floor):
            try:
                begins = self.session.floor(message.state, message.because)
            except NotWokenError:
                asyncio.get_running_loop().call_later(0.004, self.board.floor_refused, self)
                return
            if begins:
                asyncio.get_running_loop().call_later(0.004, self._preroll)

    def _preroll(self):
        for back in range(50, 0, -1):
            self.sound(back, preroll=True)

    def sound(self, back=0, *, preroll=False):
        """20 ms, `back` frames ago; its first sample tells when it was captured."""
        at_s = asyncio.get_running_loop().time() - 0.02 * back
        pcm = np.full(480, round(at_s * 50) % 30_000, np.int16)
        snr_db = self.cues[0] + self.loudness_db(at_s)
        flags = MeasureFlag.SPEECH if self.cues is NEAR else MeasureFlag.NONE
        measured = Measurement(-60.0 + snr_db, -60.0, (-60.0 + snr_db,) * 10, 0.9, 0.0, 0.0, flags)
        samples = self.zero + round(at_s * 50) * 480
        self.board.audio(self, pcm, measured, samples, int(at_s * 1e6), preroll=preroll)

    def live(self):
        """What a satellite does every 20 ms."""
        if self.cues is NEAR:
            self.session.spoken()
        if self.session.phase is Phase.TALKING:
            self.sound()
            return
        snr_db, variance, hf_db = self.cues
        flags = MeasureFlag.SPEECH if snr_db > 3 else MeasureFlag.NONE
        level_db = -60.0 + snr_db + self.loudness_db(asyncio.get_running_loop().time())
        record = LevelRecord(level_db, 0.9, snr_db, variance, hf_db, flags)
        self.board.levels(self, LevelBatch((record,), 1, (-60.0,) * 10), 0, int(now_ms() * 1000))


class House:
    def __init__(self, cast):
        self.cast = cast
        voices = replace(cast.voices, follow_up_s=20.0)
        self.board = Switchboard(voices, Arbiter(window_ms=60, window_ms_of_word={}), area_name=str.title)
        self.lines = {AREAS[number]: Satellite(self.board, number) for number in range(3)}
        for line in self.lines.values():
            self.board.satellite_up(line)

    async def live(self, seconds, *, others=(), **cues):
        """Time passes; in the rooms that are named somebody is heard, somebody else in `others`."""
        for line in self.lines.values():
            line.cues, line.voice = cues.get(line.name, SILENCE), 1 + (line.name in others)
        for _ in range(round(seconds * 50)):
            for line in self.lines.values():
                line.live()
            await asyncio.sleep(0.02)
        for line in self.lines.values():
            line.cues = SILENCE

    def wakes(self, area):
        line, now_us = self.lines[area], int(now_ms() * 1000)
        line.session.called()
        end = line.zero + round(now_us / 20_000) * 480
        self.board.woke(line, Wake(word="alexa", start_samples=end - 16_800, end_samples=end, time_us=now_us), ())

    def states(self, area):
        return [(message.state, message.because) for message in self.lines[area].of(Floor)]

    def heard(self):
        return self.cast.hearing.streams[0]

    def says(self, text, *, stream=0):
        ears = self.cast.hearing.streams[stream]
        ears.emit(SpeechStarted(ears.newest))
        ears.emit(Final(text, ears.newest, ears.newest, 0.9, second=text))


@pytest.fixture
async def house(cast, monkeypatch):
    from tests.hub.dialog import conftest

    def feed(stream, pcm, samples):
        stream.fed += pcm.size
        stream.newest = samples
        stream.moments.append((samples, int(pcm[0])))

    monkeypatch.setattr(conftest.HandStream, "newest", 0, raising=False)
    monkeypatch.setattr(conftest.HandStream, "feed", feed)
    before = conftest.HandStream.__init__

    def begin(stream, hints, on_event):
        before(stream, hints, on_event)
        stream.moments = []

    monkeypatch.setattr(conftest.HandStream, "__init__", begin)
    house = House(cast)
    await house.live(1.5)
    yield house
    await house.board.close()


@pytest.fixture
async def talking(house):
    """Somebody has called in the kitchen and has the floor there."""
    await house.live(0.8, kitchen=NEAR, hallway=FAR)
    house.wakes("kitchen")
    await until(lambda: house.cast.seen(FloorGranted))
    await house.live(0.6, kitchen=NEAR, hallway=FAR)
    return house


async def walk(house):
    await house.live(0.24)
    await house.live(0.7, hallway=NEAR, kitchen=FAR)


def test_the_hub_decides_by_the_very_object_that_the_eval_measures(cast):
    board = Switchboard(cast.voices, Arbiter(), area_name=str.title)
    player = ScenePlayer(2, None)
    assert type(board.reception) is type(player.reception) is Reception
    assert board.reception.registry is board.registry
    assert type(board.registry) is type(player.registry)


async def test_who_walks_on_is_heard_in_the_next_room(talking):
    await walk(talking)
    assert talking.states("hallway") == [("granted", "moved")]
    assert talking.states("kitchen") == [("granted", "called"), ("released", "called")]
    moved = talking.cast.seen(FloorMoved)[0]
    assert (moved.before, moved.area) == ("kitchen", "hallway")
    assert moved.why.startswith("hallway: the talker is heard here now, coming from kitchen (")
    assert [decision["why"] for decision in talking.board.decisions.newest()][-1] == moved.why
    assert [talking.board.in_session(line.device_id) for line in talking.lines.values()] == [False, True, False]
    assert not talking.lines["kitchen"].uplink
    assert len(talking.cast.engine.sessions) == len(talking.cast.hearing.streams) == 1


async def test_over_the_seam_every_frame_is_heard_once_and_in_order(talking):
    await walk(talking)
    moments = talking.heard().moments
    positions, captured = zip(*moments, strict=True)
    assert list(positions) == list(range(positions[0], positions[0] + 480 * len(positions), 480))
    assert list(captured) == list(range(captured[0], captured[0] + len(captured)))


async def test_what_is_said_after_the_walk_is_said_in_the_new_room(talking):
    await walk(talking)
    talking.says("Turn on the light.")
    await until(lambda: talking.cast.seen(TurnEnded))
    assert talking.cast.seen(TurnEnded)[0].record["area"] == "hallway"
    acted = talking.cast.seen(Acted)
    assert acted
    assert all("hall" in entity_id for event in acted for entity_id in event.entity_ids)


async def test_what_was_said_before_the_walk_was_said_in_the_old_room(talking):
    ears = talking.heard()
    ears.emit(SpeechStarted(ears.newest))
    end = ears.newest
    await walk(talking)
    ears.emit(Final("Turn on the light.", end, end, 0.9))
    await until(lambda: talking.cast.seen(Acted))
    assert all("kitchen" in entity_id for event in talking.cast.seen(Acted) for entity_id in event.entity_ids)


async def test_a_question_that_was_asked_in_the_kitchen_is_answered_in_the_hallway(talking):
    talking.says("Unlock the front door.")
    await until(lambda: any("?" in said for said in talking.cast.engine.said))
    await talking.live(1.6)
    await talking.live(1.4, hallway=NEAR, kitchen=FAR)
    assert talking.states("hallway")[-1] == ("granted", "moved")
    talking.says("Yes.")
    await until(lambda: any(event.service == "unlock" for event in talking.cast.seen(Acted)))


async def test_the_answer_goes_along(talking):
    cast = talking.cast
    cast.engine.seconds, cast.engine.hold = 6.0, True
    for line in talking.lines.values():
        line.plays = False
    talking.says("What time is it?")
    await until(lambda: talking.lines["kitchen"].audio)
    session, line = talking.board.conversation_in("kitchen").session, talking.lines["hallway"]
    line.session.spoken()
    talking.board._sessions.follow(Handover(session, None, talking.board.registry.room(line), 0.9))
    await until(lambda: line.audio)
    assert talking.board.floors.area_of(session) == "hallway"
    assert talking.lines["kitchen"].flushed == talking.lines["kitchen"].generations


async def test_who_is_being_listened_to_over_the_answer_is_so_in_both_rooms(talking):
    cast, kitchen, hall = talking.cast, talking.lines["kitchen"], talking.lines["hallway"]
    cast.engine.seconds, cast.engine.hold = 6.0, True
    talking.says("What time is it?")
    await until(lambda: kitchen.audio)
    talking.heard().emit(SpeechStarted(talking.heard().newest))
    hall.session.spoken()
    session = talking.board.conversation_in("kitchen").session
    talking.board._sessions.follow(Handover(session, None, talking.board.registry.room(hall), 0.9))
    await until(lambda: hall.audio)
    assert [message.gain_db < -10 for message in hall.of(Duck)] == [True]
    talking.heard().emit(Final("Mm-hm.", 0, 0, 0.9))
    assert hall.of(Duck)[-1].gain_db == kitchen.of(Duck)[-1].gain_db == 0.0
    assert talking.board.conversation_in("hallway").agent_speaking


@pytest.mark.parametrize("how", ["no speech", "no feature", "muted", "gone", "mute in between"])
async def test_where_the_new_room_does_not_want_it_the_conversation_stays(talking, how):
    board, hall = talking.board, talking.lines["hallway"]
    room = board.registry.room(hall)
    conversation = board.conversation_in("kitchen")
    if how == "no feature":
        hall.features = frozenset()
        await walk(talking)
    elif how == "muted":
        board.muted(hall, muted=True)
        hall.session.muted()
        await walk(talking)
    else:
        if how != "no speech":
            hall.session.spoken()
        hall.cues = SILENCE
        board._sessions.follow(Handover(conversation.session, None, room, 0.9))
        if how == "gone":
            board.satellite_down(hall, EngineBusyError("gone"))
        elif how == "mute in between":
            board.muted(hall, muted=True)
        await asyncio.sleep(0.2)
    assert board.conversation_in("kitchen") is conversation
    assert conversation.line is talking.lines["kitchen"]
    assert talking.lines["kitchen"].uplink
    assert not hall.uplink
    assert talking.cast.seen(FloorMoved) == []
    assert ("released", "called") not in talking.states("kitchen")
    talking.lines["kitchen"].sound()
    assert talking.heard().moments[-1][0] == talking.heard().newest


async def test_a_satellite_that_says_nothing_at_all_is_not_waited_for(talking, monkeypatch):
    board, hall = talking.board, talking.lines["hallway"]
    monkeypatch.setattr(hall, "_preroll", lambda: None)
    hall.session.spoken()
    session = board.conversation_in("kitchen").session
    board._sessions.follow(Handover(session, None, board.registry.room(hall), 0.9))
    assert hall.uplink
    await asyncio.sleep(1.1)
    assert not hall.uplink
    assert talking.states("hallway")[-1] == ("released", "called")
    assert board.floors.area_of(session) == "kitchen"
    assert "stays here" in board.decisions.newest()[-1]["why"]


async def test_who_calls_while_the_talker_is_silent_has_a_conversation_of_his_own(talking):
    first = talking.board.conversation_in("kitchen")
    await talking.live(1.0)
    await talking.live(0.7, hallway=NEAR, kitchen=FAR)
    for area in ("kitchen", "hallway"):  # both satellites heard him
        talking.wakes(area)
    await talking.live(1.0, hallway=NEAR, kitchen=FAR)
    assert talking.board.conversation_in("kitchen") is first
    assert talking.board.conversation_in("hallway") not in (first, None)
    assert talking.cast.seen(FloorMoved) == []


async def test_a_sentence_that_two_conversations_hear_is_answered_by_one(talking):
    await talking.live(1.0)
    await talking.live(0.7, hallway=NEAR, kitchen=FAR)
    talking.wakes("hallway")
    await talking.live(1.0, hallway=NEAR, kitchen=FAR)
    for stream in range(2):
        talking.says("Turn on the light.", stream=stream)
    await asyncio.sleep(1.0)
    assert [event.record["area"] for event in talking.cast.seen(TurnEnded)] == ["hallway"]


async def test_a_call_takes_the_place_of_whoever_is_on_his_way_there(talking):
    board, hall, first = talking.board, talking.lines["hallway"], talking.board.conversation_in("kitchen")
    await talking.live(1.0)
    await talking.live(0.7, hallway=NEAR)
    board._sessions.follow(Handover(first.session, None, board.registry.room(hall), 0.9))
    talking.wakes("hallway")
    await until(lambda: board.conversation_in("hallway"))
    assert (board.conversation_in("hallway") is first, board.conversation_in("kitchen")) == (False, first)


async def test_who_calls_on_his_way_out_goes_on_with_what_was_said(talking):
    talking.says("Turn on the kitchen lights.")
    await until(lambda: talking.cast.seen(TurnEnded))
    conversation = talking.board.conversation_in("kitchen")
    talking.lines["bedroom"].features = frozenset()  # it follows nobody; a call is a call
    await talking.live(1.0, kitchen=NEAR)
    await talking.live(0.8, kitchen=DIM, bedroom=DIM)
    await talking.live(0.4)
    await talking.live(0.8, bedroom=NEAR)
    talking.wakes("kitchen")  # its satellite heard him, too
    talking.wakes("bedroom")
    await talking.live(0.3, bedroom=NEAR)
    await until(lambda: talking.cast.seen(FloorMoved))
    assert talking.board.conversation_in("bedroom") is conversation
    assert talking.states("bedroom") == [("granted", "called")]
    assert talking.states("kitchen")[-1] == ("released", "called")
    assert talking.cast.seen(FloorReleased) == []
    talking.says("And off again.")
    await until(lambda: len(talking.cast.seen(TurnEnded)) == 2)
    first, second = (event.record for event in talking.cast.seen(TurnEnded))
    assert (first["session"], second["area"]) == (second["session"], "bedroom")


async def test_another_person_has_a_conversation_of_his_own(talking):
    await talking.live(1.5, kitchen=NEAR)
    await talking.live(0.8, kitchen=NEAR, bedroom=NEAR, others=("bedroom",))
    talking.wakes("bedroom")
    await talking.live(0.3, kitchen=NEAR)
    assert len(talking.cast.seen(FloorGranted)) == 2
    assert talking.board.conversation_in("kitchen") is not talking.board.conversation_in("bedroom")
    assert talking.cast.seen(FloorMoved) == []


async def test_a_caller_for_whom_there_is_no_place_is_told_so(house):
    cast = house.cast
    await house.board.prepare()
    assert cast.engine.said == ["I am talking with somebody else right now. Please call me again in a moment."]
    assert [session.closed for session in cast.engine.sessions] == [True]
    cast.engine.busy = True
    house.wakes("bedroom")
    await until(lambda: cast.seen(Trouble))
    await until(lambda: house.lines["bedroom"].audio)
    assert house.states("bedroom") == [("denied", "called")]
    assert np.abs(house.lines["bedroom"].audio[0][3]).max() == 1000
    assert not house.lines["bedroom"].uplink


async def test_the_end_of_a_conversation_on_its_way_leaves_nothing_open(talking):
    board, hall = talking.board, talking.lines["hallway"]
    hall.session.spoken()
    session = board.conversation_in("kitchen").session
    board._sessions.follow(Handover(session, None, board.registry.room(hall), 0.9))
    board.stop_asked(talking.lines["kitchen"])
    await until(lambda: talking.cast.seen(FloorReleased))
    assert not hall.uplink
    assert hall.session.phase is Phase.IDLE
    assert len(board.floors) == 0
