"""The supervised voice in virtual time: lost, mended, late, full; the conversation always goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest

from hub.engine import supervisor
from hub.engine.failover import NOTICE
from hub.engine.port import (
    AudioOut,
    EngineBusyError,
    EngineError,
    Exchange,
    Lagging,
    SessionLost,
    SessionRequest,
    TextOut,
    UtteranceEnded,
)
from hub.engine.scripted import Script, ScriptedEngine
from hub.engine.scripted_duplex import DuplexEngine
from hub.engine.supervisor import SupervisedEngine
from hub.events import EngineBack, EngineLagging, EngineLost, Trouble
from tests.hub.dialog.virtual_time import VirtualLoop

REQUEST = SessionRequest("s-1", "kitchen", "t-1")
SILENCE = np.zeros(480, np.int16)
LOUD = np.full(480, 6000, np.int16)
LONG = "The garage door is still open and the light in the hall is on."


class PromptRefusedError(EngineError):
    code = "engine_prompt"
    retry = False


@dataclass
class Cast:
    first: DuplexEngine = field(default_factory=DuplexEngine)
    other: ScriptedEngine = field(default_factory=lambda: ScriptedEngine(Script(pace="real")))
    told: list = field(default_factory=list)
    heard: list = field(default_factory=list)

    def __post_init__(self):
        self.loop = asyncio.get_running_loop()
        self.engine = SupervisedEngine(self.first, self.other, publish=self.told.append, now_s=self.loop.time)

    async def open(self):
        return await self.engine.open(REQUEST, self.heard.append)

    def seen(self, kind):
        return [event for event in self.told if isinstance(event, kind)]

    def ends(self):
        return [event for event in self.heard if isinstance(event, UtteranceEnded)]

    def audible(self, utterance):
        return sum(
            event.pcm.size
            for event in self.heard
            if isinstance(event, AudioOut) and event.utterance == utterance and event.pcm.any()
        )

    @property
    def stand_in(self):
        return self.other.sessions[-1]


def story(told):
    """Play a story in virtual time; nothing of it may be left running."""

    def play(**_fixtures):
        loop = VirtualLoop()
        broken = []
        loop.set_exception_handler(lambda _loop, context: broken.append(context))

        async def whole():
            cast = Cast()
            try:
                await told(cast)
            finally:
                await cast.engine.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}

        try:
            loop.run_until_complete(whole())
        finally:
            loop.close()
        assert broken == []

    play.__name__ = told.__name__
    return play


async def talk(session, seconds, sound=SILENCE):
    for _ in range(int(seconds * 50)):
        session.feed(sound, 0)
        await asyncio.sleep(0.02)


@story
async def test_a_well_voice_has_the_conversation_and_says_what_it_is_given(cast):
    await cast.engine.start()
    session = await cast.open()
    assert session.autonomous
    assert session.say("The light is on.") == 1
    await talk(session, 3)
    assert cast.ends() == [UtteranceEnded(1, ids=(4, 5, 6, 7))]
    assert [event.piece for event in cast.heard if isinstance(event, TextOut)] == [" The", " light", " is", " on."]
    assert cast.other.sessions == []
    assert cast.engine.state()["state"] == "ready"
    assert cast.told == []


@story
async def test_a_sentence_that_was_cut_by_death_is_said_again_from_its_start_by_the_other(cast):
    await cast.engine.start()
    session = await cast.open()
    utterance = session.say(LONG)
    await talk(session, 1)
    assert cast.audible(utterance)
    cast.first.kill()
    assert not session.autonomous
    await talk(session, 8)
    assert cast.stand_in.said == [f"{NOTICE} {LONG}"]
    assert cast.ends() == [UtteranceEnded(utterance)]
    (lost,) = cast.seen(EngineLost)
    assert (lost.engine, lost.fallback, lost.code, lost.lasting) == (
        "scripted duplex",
        "scripted",
        "engine_failed",
        False,
    )
    assert session.say("Good night.") == utterance + 1
    await talk(session, 2)
    assert cast.ends()[-1] == UtteranceEnded(utterance + 1)


@story
async def test_lost_while_it_talks_by_itself_one_short_sentence_is_heard(cast):
    cast.first.script.replies = ["Once upon a time there was a house that could talk all day and all night."]
    await cast.engine.start()
    session = await cast.open()
    session.user_said("tell me a story")
    await talk(session, 0.5, LOUD)
    await talk(session, 1)
    assert cast.audible(0)
    cast.heard.clear()
    cast.first.kill()
    await talk(session, 4)
    assert cast.stand_in.said == [NOTICE]
    assert cast.audible(0) > 24_000
    assert [(event.utterance, event.error is None) for event in cast.ends()] == [(0, False), (0, True)]
    (exchange,) = cast.stand_in.request.history
    assert exchange.user == "tell me a story"
    assert exchange.assistant.startswith("Once upon")
    assert len(exchange.assistant) < 60


@story
async def test_the_next_conversation_has_the_other_until_the_first_is_back(cast):
    await cast.engine.start()
    await cast.open()
    cast.first.kill()
    second = await cast.open()
    assert not second.autonomous
    assert cast.engine.info.autonomous is False
    assert cast.engine.state()["trouble"]["code"] == "engine_failed"
    await asyncio.sleep(10)
    cast.first.script.lost = None
    await asyncio.sleep(20)
    assert not second.autonomous  # it ends as it went on
    third = await cast.open()
    assert third.autonomous
    (back,) = cast.seen(EngineBack)
    assert 10 <= back.after_s <= 30
    assert cast.engine.state()["trouble"] is None


@story
async def test_a_voice_that_stays_away_is_told_again_after_half_a_minute_and_asked_less_and_less(cast):
    cast.first.script.lost = EngineError("There is no GPU.")
    await cast.engine.start()
    await asyncio.sleep(600)
    assert [event.lasting for event in cast.seen(EngineLost)] == [False, True]
    assert cast.first.starts < 20
    cast.first.script.lost = None
    await asyncio.sleep(61)
    assert len(cast.seen(EngineBack)) == 1


@story
async def test_a_forced_sentence_that_the_voice_cannot_say_is_said_by_the_cpu_while_it_listens(cast):
    cast.first.script.can_say = False
    await cast.engine.start()
    session = await cast.open()
    first = session.say("The light is on.")
    second = session.say("The door is shut.")
    assert cast.first.sessions[0].silent
    await talk(session, 0.5)
    assert cast.first.sessions[0].silent
    await talk(session, 3)
    assert cast.ends() == [UtteranceEnded(first), UtteranceEnded(second)]
    assert cast.audible(first)
    assert not cast.first.sessions[0].silent
    assert session.autonomous
    session.listen_only(on=True)
    session.say("All right.")
    await talk(session, 2)
    assert cast.first.sessions[0].silent  # as the dialog wants it, not as the sentence did
    assert cast.seen(EngineLost) == []


@story
async def test_nobody_lets_the_voice_talk_into_the_cpus_sentence(cast):
    cast.first.script.can_say = False
    await cast.engine.start()
    session = await cast.open()
    session.listen_only(on=True)
    session.say("The light is on.")
    session.listen_only(on=False)
    assert cast.first.sessions[0].silent
    await talk(session, 3)
    assert not cast.first.sessions[0].silent


@story
async def test_a_voice_that_was_lost_is_not_heard_any_more(cast):
    await cast.engine.start()
    session = await cast.open()
    dead = cast.first.sessions[0]
    cast.first.kill()
    await talk(session, 5)
    known = len(cast.heard)
    dead._on_event(AudioOut(LOUD, 0, 99))
    dead._on_event(SessionLost(EngineError("again")))
    await talk(session, 1)
    assert len(cast.heard) == known
    assert len(cast.stand_in.said) == 1


@story
async def test_an_interruption_silences_whoever_speaks_and_whatever_waits(cast):
    cast.first.script.can_say = False
    await cast.engine.start()
    session = await cast.open()
    said = [session.say(LONG) for _ in range(3)]
    await talk(session, 0.5)
    session.interrupt()
    await talk(session, 1)
    assert cast.ends() == [UtteranceEnded(number, interrupted=True) for number in said]
    assert not cast.first.sessions[0].silent
    before_open = session.say("One more.")
    session.interrupt()
    await talk(session, 0.1)
    assert cast.ends()[-1] == UtteranceEnded(before_open, interrupted=True)


@story
async def test_when_every_place_is_taken_the_cpu_takes_the_guest_and_then_nobody(cast):
    cast.first._info = DuplexEngine(capacity=1).info
    cast.other._info = ScriptedEngine(capacity=1).info
    await cast.engine.start()
    assert cast.engine.info.capacity == 2
    assert (await cast.open()).autonomous
    guest = await cast.open()
    assert not guest.autonomous
    began_s = cast.loop.time()
    with pytest.raises(EngineBusyError):
        await cast.open()
    assert cast.loop.time() - began_s < 0.1
    assert cast.told == []
    await guest.close()
    assert not (await cast.open()).autonomous


@story
async def test_a_voice_that_is_slow_to_greet_joins_the_conversation_that_has_begun(cast):
    cast.first.script.open_s = 6.0
    await cast.engine.start()
    began_s = cast.loop.time()
    session = await cast.open()
    assert cast.loop.time() - began_s < 1.5
    assert not session.autonomous
    session.listen_only(on=True)
    session.say("The light is on.")
    await talk(session, 7)
    assert cast.ends() == [UtteranceEnded(1)]
    assert session.autonomous
    assert cast.first.sessions[0].silent
    session.say("Now by the other.")
    assert cast.first.sessions[0].said == ["Now by the other."]


@story
async def test_closed_while_the_voice_still_greets_nothing_is_left_open(cast):
    cast.first.script.open_s = 6.0
    await cast.engine.start()
    session = await cast.open()
    await session.close()
    await asyncio.sleep(10)
    assert cast.first.sessions == []
    assert cast.other._open == set()


@story
async def test_a_wish_the_voice_cannot_fulfil_costs_this_conversation_the_voice_and_no_other(cast):
    await cast.engine.start()
    cast.first.script.lost = PromptRefusedError("The prompt is too long.")
    session = await cast.open()
    cast.first.script.lost = None
    assert not session.autonomous
    assert [trouble.code for trouble in cast.seen(Trouble)] == ["engine_prompt"]
    assert (await cast.open()).autonomous
    assert cast.seen(EngineLost) == []


@story
async def test_a_defect_of_the_first_voice_costs_nobody_the_conversation(cast):
    await cast.engine.start()

    async def breaks(*_args):
        raise ZeroDivisionError

    whole, cast.first.open = cast.first.open, breaks
    assert not (await cast.open()).autonomous
    cast.first.open = whole
    await asyncio.sleep(2)
    cast.first.start = breaks
    await asyncio.sleep(supervisor.CHECK_EVERY_S + 1)
    assert not (await cast.open()).autonomous


@story
async def test_one_that_does_not_even_answer_how_it_is_counts_as_lost_until_it_does(cast):
    await cast.engine.start()
    release = asyncio.Event()
    start, cast.first.start = cast.first.start, release.wait
    await asyncio.sleep(supervisor.CHECK_EVERY_S + supervisor.CHECK_LIMIT_S + 1)
    assert len(cast.seen(EngineLost)) == 1
    assert not (await cast.open()).autonomous
    cast.first.start = start
    release.set()
    await asyncio.sleep(0.1)
    assert len(cast.seen(EngineBack)) == 1
    assert (await cast.open()).autonomous


@story
async def test_a_hub_is_ready_before_a_voice_that_loads_for_ever(cast):
    cast.first.start = asyncio.Event().wait
    began_s = cast.loop.time()
    await cast.engine.start()
    assert cast.loop.time() - began_s <= supervisor.START_WAIT_S + 1
    assert not (await cast.open()).autonomous


@story
async def test_without_a_stand_in_the_first_voice_still_serves_and_its_loss_ends_the_conversation(cast):
    cast.other.script.start_error = cast.other.script.open_error = EngineError("No speech package.")
    await cast.engine.start()
    assert [trouble.sentence for trouble in cast.seen(Trouble)] == ["No speech package."]
    session = await cast.open()
    assert session.autonomous
    utterance = session.say(LONG)
    await talk(session, 1)
    cast.first.kill()
    await talk(session, 1)
    assert [event.utterance for event in cast.ends()] == [utterance]
    assert cast.ends()[-1].error is not None
    assert isinstance(cast.heard[-1], SessionLost)
    with pytest.raises(EngineError):
        await cast.open()


@story
async def test_with_neither_the_reason_of_the_first_is_told_and_it_is_still_looked_after(cast):
    cast.other.script.start_error = cast.other.script.open_error = EngineError("No speech package.")
    cast.first.script.lost = EngineError("There is no GPU.")
    with pytest.raises(EngineError, match="no GPU"):
        await cast.engine.start()
    cast.first.script.lost = None
    await asyncio.sleep(5)
    assert (await cast.open()).autonomous


@story
async def test_lag_is_told_when_it_begins_and_when_it_lasts_and_when_it_is_over(cast):
    await cast.engine.start()
    await cast.open()
    for second in range(40):
        cast.first.sessions[0]._on_event(Lagging(400.0 + second, second))
        assert cast.engine.state()["state"] == "lagging"
        await asyncio.sleep(1)
    assert cast.seen(EngineLagging)[0].late_ms == 400.0
    assert [event.lasting for event in cast.seen(EngineLagging)] == [False, True]
    assert cast.seen(EngineLagging)[1].late_ms >= 429
    cast.first.sessions[0]._on_event(Lagging(0.0, 40))
    await asyncio.sleep(2)
    assert cast.engine.state()["state"] == "ready"
    assert len(cast.seen(EngineBack)) == 1


@story
async def test_a_voice_that_is_lost_while_it_lags_is_back_once(cast):
    await cast.engine.start()
    await cast.open()
    cast.first.sessions[0]._on_event(Lagging(400.0))
    cast.first.kill()
    await asyncio.sleep(20)
    assert cast.seen(EngineBack) == []
    cast.first.script.lost = None
    await asyncio.sleep(30)
    assert len(cast.seen(EngineBack)) == 1


@story
async def test_lag_that_nobody_speaks_of_any_more_is_over(cast):
    await cast.engine.start()
    session = await cast.open()
    cast.first.sessions[0]._on_event(Lagging(400.0))
    await asyncio.sleep(supervisor.LATE_KNOWN_S + 2)
    assert cast.engine.state()["state"] == "ready"
    cast.first.sessions[0]._on_event(Lagging(400.0))
    await session.close()
    await asyncio.sleep(2)
    assert cast.engine.state()["late_ms"] == 0.0


@story
async def test_the_words_of_all_go_along_and_stay_bounded(cast):
    await cast.engine.start()
    request = SessionRequest("s-2", "hall", "t", history=(Exchange("before", "then"),))
    session = await cast.engine.open(request, cast.heard.append)
    assert cast.first.sessions[0].request.history == request.history
    session.user_said("turn on the light")
    session.say("The light is on.")
    assert cast.first.sessions[0].user_texts == ["turn on the light"]
    cast.first.kill()
    await asyncio.sleep(0)
    assert cast.stand_in.request.history == (
        Exchange("before", "then"),
        Exchange("turn on the light", "The light is on."),
    )
    session.user_said("thank you")
    await asyncio.sleep(0.1)
    assert cast.stand_in.user_texts == ["thank you"]


@story
async def test_a_closed_conversation_says_nothing(cast):
    await cast.engine.start()
    session = await cast.open()
    await session.close()
    await session.close()
    cast.heard.clear()
    with pytest.raises(EngineError):
        session.say("x")
    session.feed(SILENCE, 0)
    session.interrupt()
    cast.first.kill()
    await asyncio.sleep(1)
    assert cast.heard == []
