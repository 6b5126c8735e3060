"""Whatever happens in whatever order: one answer at a time, always an end, and everything given back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.dialog.acting import Deed
from hub.dialog.conversation import Conversation
from hub.dialog.life import Life
from hub.dialog.voices import Opening, Voices
from hub.engine.port import AudioOut, EngineError, TextOut, UtteranceEnded
from hub.events import EventBus, TurnEnded
from hub.hearing.port import Final, Partial, SpeechStarted
from hub.understanding.decisions import Act, Moment, Source, Tell
from hub.understanding.house import Action, House
from protocol.messages import Play
from tests.hub.dialog.conftest import FakeLine, HandEngine, HandHearing
from tests.virtual_time import VirtualLoop


class EasyListener:
    """Does every sentence with a light in it and answers all others; a voice that talks by itself may talk of both.

    The fan is done when such a voice has spoken or was silent for a while; and sometimes it is told off late.
    """

    def __init__(self):
        self.mode, self.asking, self.asked_s = "user", False, None
        self.early = False

    def move(self, area_id):
        pass

    @property
    def undecided(self):
        return self.mode != "user" and self.asked_s is not None

    @property
    def waiting(self):
        return self.undecided

    def foretell(self, said, moment):
        if "fan" in said.text:
            return "command"
        return "house" if "light" in said.text or "bye" in said.text else "other"

    def hear_partial(self, said, moment, *, settled=False):
        if not settled or self.mode != "user" or "light" not in said.text or self.early:
            return ()
        self.early = True
        return (self._light(Source.REQUEST),)

    def hear_noise(self, moment):
        early, self.early = self.early, False
        return (self._light(Source.UNDO),) if early else ()

    def _light(self, source):
        return Act((Action("light", "turn_on", ("light.one",)),), source, f"{source} light", "asked")

    def hear(self, said, moment):
        self.asked_s = None
        if self.early and "light" in said.text:
            self.early = False
            return ()
        if self.early:
            return (*self.hear_noise(moment), Tell("All right.", "small_talk", ""))
        if "fan" in said.text and self.mode == "both":
            self.asked_s = moment.at_s
            return ()
        if "light" in said.text or "fan" in said.text:
            return (Act((Action("light", "turn_on", ("light.one",)),), Source.REQUEST, said.text, "asked"),)
        return (Tell("All right.", "small_talk", "", ends_conversation="bye" in said.text),)

    def _done(self, source):
        self.asked_s = None
        return (Act((Action("fan", "turn_on", ("fan.one",)),), source, "fan", "agreed"),)

    def speak(self, piece, moment):
        return self._done(Source.AGREED) if self.undecided else (Tell("I did not.", "unfounded", ""),)

    def fall_silent(self, moment, *, interrupted):
        return self._done(Source.AGREED) if self.undecided and not interrupted else ()

    def tick(self, moment):
        return self._done(Source.REQUEST) if self.undecided and moment.at_s - self.asked_s > 1.5 else ()

    def done(self, act, results, moment):
        pass


class SlowActor:
    """A house that takes the time it is given; negative: it breaks; very long: it never answers."""

    def __init__(self, loop):
        self.loop, self.takes_s, self.evidence = loop, 0.1, "both"

    def completeness(self, area_id):
        return lambda text: True

    def listener(self, mode):
        return EasyListener()

    def may_be_for_house(self, text, area_id):
        return "turn" in text

    def asks_about_house(self, text, area_id):
        return False

    def moment(self, frame=-1):
        return Moment(House("none"), datetime(2025, 1, 1, tzinfo=UTC), self.loop.time(), frame)

    def truly(self, told):
        return told

    async def carry_out(self, act, area_id, *, trace):
        if self.takes_s < 0:
            raise ZeroDivisionError
        await asyncio.sleep(self.takes_s)
        return Deed(act, (), "All right.", "", self.loop.now_ms())


class ConversationMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(lambda _loop, context: self.broken.append(context))
        self.broken = []
        self.closed = []
        self.turns = []

    @initialize(plays=st.booleans(), opening_s=st.sampled_from([0.0, 0.5]), autonomous=st.booleans())
    def begin(self, plays, opening_s, autonomous):
        loop, self.line, self.engine, self.hearing = self.loop, FakeLine(plays=plays), HandEngine(), HandHearing()
        self.engine.opening_s, self.engine.autonomous = opening_s, autonomous
        self.actor = SlowActor(loop)
        bus = EventBus()
        bus.subscribe(lambda event: self.turns.append(event) if isinstance(event, TurnEnded) else None)
        traces = iter(f"t{number}" for number in range(10_000))
        voices = Voices(
            self.engine, self.hearing, self.actor, bus, list, loop.now_ms, lambda: next(traces), follow_up_s=3.0
        )
        generations = iter(range(1, 10_000))

        async def start():
            self.talk = Conversation(
                self.line,
                Opening("s", "t", "alexa", "why", 1.0, 2.0, 3.0),
                voices,
                next_generation=lambda _line: next(generations),
                on_closed=lambda _talk, reason: self.closed.append(reason),
            )
            self.line.on_playback = lambda _line, playback: self.talk.playback(_line, playback, loop.now_ms())
            self.opening = asyncio.create_task(self.talk.open())
            self.announcements = []

        loop.run_until_complete(start())

    def do(self, what):
        async def step():
            what()
            await asyncio.sleep(0)

        self.loop.run_until_complete(step())

    def hear(self, event):
        if self.hearing.streams and not self.hearing.streams[0].closed:
            self.do(lambda: self.hearing.streams[0].emit(event))

    @rule(seconds=st.sampled_from([0.01, 0.3, 2.0, 12.0]))
    def time_passes(self, seconds):
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule(takes_s=st.sampled_from([0.0, 0.2, -1.0, 1e6]))
    def the_house_takes_its_time(self, takes_s):
        self.actor.takes_s = takes_s

    @rule(seconds=st.sampled_from([0.0, 0.1, 4.0]), hold=st.booleans(), eager=st.booleans(), fails=st.booleans())
    def the_voice_is(self, seconds, hold, eager, fails):
        self.engine.seconds, self.engine.hold = seconds, hold
        self.engine.eager, self.engine.fails = eager, fails

    @rule(
        pieces=st.sampled_from([0, 1, 20]),
        ends=st.booleans(),
        cut=st.booleans(),
        changes=st.sampled_from([False] * 9 + [True]),
    )
    def the_voice_talks_by_itself(self, pieces, ends, cut, changes):
        if not self.engine.sessions or self.engine.sessions[0].closed:
            return
        session = self.engine.sessions[0]

        def talk():
            for _ in range(pieces):
                session.emit(TextOut(" well", 0, 7))
                session.emit(AudioOut(np.full(1920, 1000, np.int16), 0, 7))
            if ends:
                session.emit(UtteranceEnded(0, interrupted=cut))
            session.autonomous &= not changes  # another voice has taken over

        self.do(talk)

    @rule(speech=st.booleans())
    def the_room_is_heard(self, speech):
        now_ms = self.loop.now_ms()
        self.do(lambda: self.talk.audio(np.zeros(480, np.int16), int(now_ms * 24), now_ms, speech=speech))

    @rule()
    def somebody_begins_to_speak(self):
        self.hear(SpeechStarted(0))

    @rule(
        text=st.sampled_from(["mm-hm", "turn on", "turn on the fan", "turn on the light", "alexa"]),
        paused=st.booleans(),
    )
    def words_so_far(self, text, paused):
        self.hear(Partial(text, paused=paused, steady=True))

    @rule(
        text=st.sampled_from(
            ["", "Mm-hm.", "Turn on the light.", "Turn on the fan.", "Tell me a story.", "Alexa, bye."]
        )
    )
    def a_sentence(self, text):
        self.hear(Final(text, 0, 24_000, 0.9))

    @rule()
    def the_wake_word_again(self):
        self.do(lambda: self.talk.called_again(Opening("x", "t", "alexa", "again", 1.0, 2.0, 3.0)))

    @rule()
    def the_house_announces(self):
        self.do(lambda: self.announcements.append(asyncio.create_task(self.talk.announce("The tea is ready."))))

    @rule(reason=st.sampled_from(["stopped", "muted", "satellite_lost"]))
    @precondition(lambda self: not self.closed)
    def somebody_ends_it(self, reason):
        self.do(lambda: self.talk.close_soon(reason))

    @invariant()
    def never_two_answers_at_once(self):
        running = [session for session in getattr(self, "engine", HandEngine()).sessions if session.running]
        assert sum(session.running_count for session in running) <= 1
        if hasattr(self, "line"):
            generations = [message.generation for message in self.line.of(Play)]
            assert generations == sorted(set(generations))

    @invariant()
    def an_answer_begins_only_when_the_one_before_it_has_ended(self):
        if hasattr(self, "line"):
            over = {generation for generation, _, last, _ in self.line.audio if last} | set(self.line.flushed)
            assert set(self.line.generations[:-1]) <= over

    @invariant()
    def it_ends_once(self):
        assert len(self.closed) <= 1
        assert self.broken == []

    def teardown(self):
        try:
            self.left_alone()
        finally:
            self.loop.close()

    def left_alone(self):
        if hasattr(self, "talk"):
            # Whatever state it is in: left alone by everybody it ends by itself, and gives everything back.
            self.actor.takes_s, self.engine.hold = 0.1, False
            self.loop.run_until_complete(asyncio.sleep(250.0))
            assert len(self.closed) == 1
            assert self.talk.life is Life.CLOSED
            assert all(session.closed for session in self.engine.sessions)
            assert all(stream.closed for stream in self.hearing.streams)
            assert self.opening.done()
            for announcement in self.announcements:
                assert announcement.done()
                assert announcement.exception() is None or isinstance(announcement.exception(), EngineError)
            assert all(self.ordered(turn.record["t_ms"]) for turn in self.turns)
            assert asyncio.all_tasks(self.loop) == set()
            self.it_ends_once()

    @staticmethod
    def ordered(t_ms):
        hops = ("speech_end", "transcript", "understood", "audio_out", "audio_played")
        times = [t_ms[hop] for hop in hops if t_ms[hop] is not None]
        return times == sorted(times)


ConversationMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)
TestConversation = ConversationMachine.TestCase


def test_the_fakes_can_speak_early():
    """What the machine above relies on: an eager voice speaks before `say` has returned."""
    loop = VirtualLoop()

    async def story():
        engine, events = HandEngine(), []
        engine.eager = True
        session = await engine.open(None, events.append)
        assert session.say("x") == 1
        assert [type(event) for event in events] == [AudioOut, UtteranceEnded]

    loop.run_until_complete(story())
    loop.close()
