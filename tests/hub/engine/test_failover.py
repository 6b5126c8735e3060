"""A conversation whose voice is lost, slow or unable, in virtual time: it always goes on."""

from __future__ import annotations

import asyncio

import pytest

from hub.engine import supervisor
from hub.engine.failover import NOTICE
from hub.engine.port import (
    AudioOut,
    EngineError,
    Exchange,
    SessionLost,
    SessionRequest,
    TextOut,
    UtteranceEnded,
)
from hub.events import EngineLost, Trouble
from tests.hub.engine.supervised_cast import LONG, LOUD, SILENCE, PromptRefusedError, story, talk


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
