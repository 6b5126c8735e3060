"""Death, revival, speech and interruption in any order: each sentence ends once, and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections import Counter

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.engine.port import AudioOut, EngineBusyError, EngineError, SessionLost, UtteranceEnded
from hub.engine.scripted import Script, ScriptedEngine
from hub.engine.scripted_duplex import DuplexEngine, DuplexScript
from hub.engine.supervisor import SupervisedEngine
from hub.events import EngineBack, EngineLost
from tests.hub.engine.supervised_cast import REQUEST
from tests.virtual_time import VirtualLoop

LOUD = np.full(480, 6000, np.int16)


class FailoverMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        self.broken = []
        self.loop.set_exception_handler(lambda _loop, context: self.broken.append(context))
        self.sessions = []

    @initialize(pace=st.sampled_from(["burst", "real"]), can_say=st.booleans())
    def begin(self, pace, can_say):
        async def start():
            self.first = DuplexEngine(DuplexScript(["Well, well."] * 99, can_say=can_say), capacity=2)
            self.other = ScriptedEngine(Script(pace=pace), capacity=2)
            self.told = []
            self.engine = SupervisedEngine(self.first, self.other, publish=self.told.append, now_s=self.loop.time)
            await self.engine.start()

        self.loop.run_until_complete(start())

    def do(self, what):
        async def step():
            result = what()
            await asyncio.sleep(0)
            return result

        return self.loop.run_until_complete(step())

    @rule()
    def somebody_calls(self):
        heard, said = [], []

        async def call():
            try:
                session = await self.engine.open(REQUEST, heard.append)
            except (EngineBusyError, EngineError):
                assert len(self.sessions) >= 2 or self.other.script.open_error is not None
            else:
                self.sessions.append((session, heard, said))

        self.loop.run_until_complete(call())

    @rule(which=st.integers(0, 9), text=st.sampled_from(["Yes.", "The garage door is still open."]))
    @precondition(lambda self: self.sessions)
    def it_is_to_say(self, which, text):
        session, heard, said = self.sessions[which % len(self.sessions)]

        def say():
            try:
                said.append(session.say(text))
            except EngineError:
                assert self.other.script.say_error is not None or any(isinstance(e, SessionLost) for e in heard)

        self.do(say)

    @rule(which=st.integers(0, 9))
    @precondition(lambda self: self.sessions)
    def it_is_cut_short(self, which):
        self.do(self.sessions[which % len(self.sessions)][0].interrupt)

    @rule(which=st.integers(0, 9), on=st.booleans())
    @precondition(lambda self: self.sessions)
    def it_is_to_listen(self, which, on):
        self.do(lambda: self.sessions[which % len(self.sessions)][0].listen_only(on=on))

    @rule(which=st.integers(0, 9), steps=st.sampled_from([1, 20, 60]))
    @precondition(lambda self: self.sessions)
    def somebody_speaks(self, which, steps):
        session = self.sessions[which % len(self.sessions)][0]

        async def speak():
            for _ in range(steps):
                session.feed(LOUD, 0)
                await asyncio.sleep(0.02)

        self.loop.run_until_complete(speak())

    @rule(seconds=st.sampled_from([0.01, 0.5, 3.0, 40.0]))
    def time_passes(self, seconds):
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule()
    def the_first_voice_dies(self):
        self.do(self.first.kill)

    @rule()
    def the_first_voice_is_mended(self):
        self.first.script.lost = None

    @rule(open_s=st.sampled_from([0.0, 0.5, 4.0]))
    def the_first_voice_greets_in(self, open_s):
        self.first.script.open_s = open_s

    @rule(broken=st.booleans())
    def the_other_voice_is(self, broken):
        error = EngineError("No speech package.") if broken else None
        self.other.script.open_error = self.other.script.say_error = error

    @rule(which=st.integers(0, 9))
    @precondition(lambda self: self.sessions)
    def somebody_leaves(self, which):
        session, heard, said = self.sessions.pop(which % len(self.sessions))
        self.loop.run_until_complete(session.close())
        self.ended_once(heard, said)
        known = len(heard)
        self.loop.run_until_complete(asyncio.sleep(1.0))
        assert len(heard) == known

    @staticmethod
    def ended_once(heard, said):
        ends = Counter(event.utterance for event in heard if isinstance(event, UtteranceEnded) and event.utterance)
        assert set(ends) <= set(said)
        assert all(count == 1 for count in ends.values())

    @invariant()
    def each_sentence_is_known_and_ends_once(self):
        for _session, heard, said in self.sessions:
            self.ended_once(heard, said)
            assert {event.utterance for event in heard if isinstance(event, AudioOut)} <= {0, *said}
        assert self.broken == []

    def teardown(self):
        try:
            if hasattr(self, "engine"):
                self.all_is_well_again()
                self.loop.run_until_complete(self.engine.close())
            assert self.broken == []
            assert asyncio.all_tasks(self.loop) == set()
        finally:
            self.loop.close()

    def all_is_well_again(self):
        self.first.script.lost = self.other.script.open_error = self.other.script.say_error = None
        self.first.script.open_s = 0.0
        self.loop.run_until_complete(asyncio.sleep(90.0))
        for session, heard, said in self.sessions:
            # Left alone, every sentence has ended, and a conversation is lost only where nobody could take it.
            assert {event.utterance for event in heard if isinstance(event, UtteranceEnded)} >= set(said)
            assert sum(isinstance(event, SessionLost) for event in heard) <= 1
            self.loop.run_until_complete(session.close())
        assert self.first._open == self.other._open == set()
        lost = [event for event in self.told if isinstance(event, EngineLost) and not event.lasting]
        assert len(lost) == sum(isinstance(event, EngineBack) for event in self.told)
        session = self.loop.run_until_complete(self.engine.open(REQUEST, lambda _event: None))
        assert session.autonomous


FailoverMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestFailover = FailoverMachine.TestCase
