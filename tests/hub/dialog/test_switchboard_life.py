"""The switchboard under everything a house can do at once, in virtual time."""

from __future__ import annotations

import asyncio

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.dialog.guests import AreaBusyError
from hub.dialog.life import Life
from hub.dialog.switchboard import AreaSilentError, Switchboard
from hub.dialog.voices import Voices
from hub.engine.port import EngineError
from hub.events import EventBus, FloorGranted, FloorReleased
from hub.hearing.port import Final, SpeechStarted
from hub.rooms.arbiter import SAME_WORD_MS, Arbiter
from hub.rooms.reception import Handover
from protocol.errors import LinkClosedError
from protocol.messages import Floor, Play, Wake
from protocol.records import LevelBatch, LevelRecord, MeasureFlag, Measurement
from satellite.errors import NotWokenError
from satellite.session import Phase, Session
from tests.hub.dialog.conftest import FakeLine, HandEngine, HandHearing
from tests.hub.dialog.test_life import SlowActor
from tests.virtual_time import VirtualLoop

# Two satellites share the kitchen; every device may come back on a new connection.
AREAS = ("kitchen", "kitchen", "hallway", "bedroom")
DEVICES = st.sampled_from(range(len(AREAS)))
QUIET = Measurement(-60.0, -60.0, (-60.0,) * 10, 0.0, 0.0, 0.0, MeasureFlag.NONE)


class Satellite(FakeLine):
    """A real satellite's rule about the floor, and its first sound as soon as it has it."""

    def __init__(self, device, loop):
        super().__init__(device_id=f"{device:032x}", area_id=AREAS[device], name="pi")
        self.loop, self.board, self.gone = loop, None, False
        self.grants, self.after_the_end = [], 0
        self.session = Session(loop.time)
        self.session.welcomed()

    def send(self, message):
        if self.gone:
            self.after_the_end += isinstance(message, Floor) and message.state == "granted"
            return
        super().send(message)
        if not isinstance(message, Floor):
            return
        try:
            begins = self.session.floor(message.state, message.because)
        except NotWokenError:
            assert message.because == "moved", "a floor that nobody here called for"
            self.loop.call_soon(self.board.floor_refused, self)
            return
        if message.state == "granted":
            self.grants.append(message.session)
        if begins:
            self.loop.call_later(0.01, self.sounds)

    def sounds(self):
        if self.session.phase is Phase.TALKING and not self.gone:
            self.board.audio(self, np.zeros(480, np.int16), QUIET, 0, int(self.loop.time() * 1e6))

    @property
    def talks(self):
        return self.session.phase is Phase.TALKING


class SwitchboardMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        self.broken, self.events, self.announcements = [], [], []
        self.loop.set_exception_handler(lambda _loop, context: self.broken.append(context))
        self.lines = {}
        self.everybody = []
        self.told_apart = False  # levels have come: two voices may be told from each other

    @initialize(opening_s=st.sampled_from([0.0, 0.05]), capacity=st.sampled_from([1, 4]))
    def begin(self, opening_s, capacity):
        self.engine, self.hearing = HandEngine(), HandHearing()
        self.engine.opening_s, self.engine.capacity = opening_s, capacity
        bus = EventBus()
        bus.subscribe(self.events.append)
        traces = iter(f"t{number}" for number in range(10_000))
        voices = Voices(
            self.engine, self.hearing, SlowActor(self.loop), bus, list, self.loop.now_ms, lambda: next(traces), 3.0
        )
        self.board = Switchboard(voices, Arbiter(window_ms=200, window_ms_of_word={}), area_name=str.title)

        async def all_up():
            for device in range(len(AREAS)):
                self.up(device)

        self.loop.run_until_complete(all_up())

    def up(self, device):
        line = Satellite(device, self.loop)
        line.on_playback, line.board = self.board.playback, self.board
        self.lines[device] = line
        self.everybody.append(line)
        self.board.satellite_up(line)

    def do(self, what):
        async def step():
            what()
            await asyncio.sleep(0)

        self.loop.run_until_complete(step())

    def now_us(self):
        return int(self.loop.time() * 1e6)

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.21, 1.3, 5.0]))
    def time_passes(self, seconds):
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule(device=DEVICES, snr_db=st.sampled_from([6.0, 20.0]))
    def hears_speech(self, device, snr_db):
        records = (LevelRecord(-60 + snr_db, 0.9, snr_db, -2, 0, MeasureFlag.SPEECH),)
        batch = LevelBatch(records, 1, (-60.0,) * 10)
        self.told_apart = True
        self.do(lambda: self.board.levels(self.lines[device], batch, 0, self.now_us()))

    @rule(device=DEVICES, snr_db=st.sampled_from([6.0, 20.0, 30.0]))
    def wakes(self, device, snr_db):
        line = self.lines[device]
        must_lose, before = self.is_an_echo(line), list(self.board.reception._arbiter._decided)
        line.session.called()
        loud = Measurement(-60 + snr_db, -60.0, (-60.0 + snr_db,) * 10, 0.9, 0.9, 0.0, MeasureFlag.SPEECH)
        wake = Wake(word="alexa", score=0.99, start_samples=0, end_samples=480 * 20, time_us=self.now_us())
        self.do(lambda: self.board.woke(line, wake, (loud,) * 20))
        if must_lose:
            assert line.device_id not in self.board.reception.callers
            since = [decision for decision in self.board.reception._arbiter._decided if decision not in before]
            assert line.device_id not in [decision.winner.device_id for _, decision in since]

    def is_an_echo(self, line):
        """The newest decision on a call of this very moment went to another satellite."""
        recent = [
            (at_ms, decision.winner.device_id)
            for at_ms, decision in self.board.reception._arbiter._decided
            if self.loop.now_ms() - decision.winner.fired_ms < SAME_WORD_MS
        ]
        return (
            bool(recent)
            and not self.told_apart
            and max(recent)[1] != line.device_id
            and line.device_id not in self.board.reception.callers
        )

    @rule(device=DEVICES)
    def somebody_speaks(self, device):
        self.lines[device].session.spoken()

    @rule(device=DEVICES, which=st.integers(0, 3))
    def a_talker_walks(self, device, which):
        talks, room = list(self.board._sessions), self.board.registry.by_device(self.lines[device].device_id)
        if talks and room is not None:
            talk = talks[which % len(talks)]
            self.do(lambda: self.board._sessions.follow(Handover(talk.session, None, room, 0.9)))

    @rule(device=DEVICES)
    def connection_breaks_and_comes_back(self, device):
        line = self.lines[device]
        line.gone = True
        self.do(lambda: self.board.satellite_down(line, LinkClosedError("gone")))
        self.do(lambda: self.up(device))

    @rule(device=DEVICES)
    def a_new_connection_comes_before_the_old_one_is_missed(self, device):
        old = self.lines[device]
        old.gone = True
        self.do(lambda: self.up(device))
        self.do(lambda: self.board.satellite_down(old, LinkClosedError("replaced")))

    @rule(device=DEVICES, muted=st.booleans())
    def mutes(self, device, muted):
        self.do(lambda: self.board.muted(self.lines[device], muted=muted))

    @rule(device=DEVICES)
    def a_hand_says_stop(self, device):
        self.do(lambda: self.board.stop_asked(self.lines[device]))

    @rule(text=st.sampled_from(["Turn on the light.", "Bye."]), which=st.integers(0, 3))
    def a_sentence(self, text, which):
        streams = [stream for stream in self.hearing.streams if not stream.closed]
        if streams:
            stream = streams[which % len(streams)]
            self.do(lambda: (stream.emit(SpeechStarted(0)), stream.emit(Final(text, 0, 24_000, 0.9))))

    @rule(area=st.sampled_from([*AREAS, "garage"]))
    def the_house_announces(self, area):
        self.do(lambda: self.announcements.append(asyncio.ensure_future(self.board.announce(area, "Tea."))))

    @rule(seconds=st.sampled_from([0.0, 0.1, 3.0]), hold=st.booleans())
    def the_voice_is(self, seconds, hold):
        self.engine.seconds, self.engine.hold = seconds, hold

    @invariant()
    def nothing_breaks(self):
        assert self.broken == []

    @invariant()
    def one_session_an_area_and_none_for_the_gone(self):
        if not hasattr(self, "board"):
            return
        alive = [talk for talk in self.board._sessions if talk.life is not Life.CLOSED]
        assert len({talk.line.area_id for talk in alive}) == len(alive)
        assert not [talk for talk in alive if talk.line.gone]
        assert not [line for line in self.everybody if line.gone and line.after_the_end]
        for line in self.everybody:
            generations = [message.generation for message in line.of(Play)]
            assert generations == sorted(set(generations))
        coming = {line.device_id for line in self.everybody if self.board._sessions.handovers.to(line) is not None}
        for line in self.everybody:
            if not line.gone and line.uplink:
                assert line.talks or line.device_id in coming
        for talk in alive:
            # Never two areas for a session, and never none while somebody is served.
            assert self.board.floors.area_of(talk.session) == talk.line.area_id
            heard = [
                line for line in self.everybody if not line.gone and line.uplink and line.grants[-1] == talk.session
            ]
            assert [line for line in heard if line is not talk.line and line.device_id not in coming] == []

    def teardown(self):
        try:
            self.left_alone()
        finally:
            self.loop.close()

    def left_alone(self):
        if hasattr(self, "board"):
            self.engine.hold = False
            self.loop.run_until_complete(asyncio.sleep(100.0))
            # Left alone, everything has ended by itself.
            assert len(self.board.floors) == 0
            assert list(self.board._sessions) == []
            assert not [line for line in self.everybody if line.uplink]
            assert not [line for line in self.lines.values() if line.talks]
            granted = [event.session for event in self.events if isinstance(event, FloorGranted)]
            released = [event.session for event in self.events if isinstance(event, FloorReleased)]
            assert sorted(granted) == sorted(released)
            assert all(session.closed for session in self.engine.sessions)
            assert all(stream.closed for stream in self.hearing.streams)
            for announcement in self.announcements:
                assert announcement.done()
                error = announcement.exception()
                assert error is None or isinstance(error, EngineError | AreaSilentError | AreaBusyError)
            self.loop.run_until_complete(self.board.close())
            assert self.board.floors.refused == 0
            assert asyncio.all_tasks(self.loop) == set()
            self.nothing_breaks()


SwitchboardMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestSwitchboard = SwitchboardMachine.TestCase
