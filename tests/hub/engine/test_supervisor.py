"""The care for the first voice, in virtual time: lost, asked after, mended, late, full."""

from __future__ import annotations

import asyncio

import pytest

from hub.engine import supervisor
from hub.engine.port import (
    EngineBusyError,
    EngineError,
    Lagging,
    SessionLost,
)
from hub.engine.scripted import ScriptedEngine
from hub.engine.scripted_duplex import DuplexEngine
from hub.events import EngineBack, EngineLagging, EngineLost, Trouble
from tests.hub.engine.supervised_cast import LONG, story, talk


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
