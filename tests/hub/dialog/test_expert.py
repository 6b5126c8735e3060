"""Questions to a real server on the loopback: spoken while they are written, filled, cut short, remembered."""

from __future__ import annotations

import asyncio

import pytest

from hub.engine.breaker import Circuit
from hub.engine.port import Exchange, Persona
from tests.hub.dialog.expert_room import Room, hangs

LONG = "First it rains for a very long time. Then the sun comes out again. At last a rainbow stands over the hills."


async def test_an_answer_is_spoken_whole_and_remembered_as_it_was_heard(make_expert, expert_server):
    expert_server.says(LONG)
    room = Room()
    outcome = await make_expert().ask("Tell me about rain.", say=room.say).answer()
    assert " ".join(room.said) == LONG == outcome.heard
    assert not outcome.interrupted
    assert outcome.error is None
    assert outcome.fillers == 0
    assert list(outcome.t_ms) == ["asked", "first_piece", "first_clause", "first_say", "done"]
    assert list(outcome.t_ms.values()) == sorted(outcome.t_ms.values())


async def test_the_first_sentence_is_spoken_while_the_second_is_not_written_yet(make_expert, expert_server):
    room = Room()

    async def play(reply):
        await reply.words("It is simple. It")
        await room.spoke.wait()
        await reply.words(" goes on.")
        await reply.done()

    expert_server.play = play
    outcome = await make_expert().ask("Why?", say=room.say).answer()
    assert room.said == ["It is simple.", "It goes on."]
    assert outcome.error is None


async def test_the_model_knows_the_dialogue_the_persona_and_the_time(make_expert, expert_server):
    memory = [Exchange("Hello.", "Good day, sir."), Exchange("", "The oven is hot.")]
    butler = Persona("butler", "NATF2", "You are a butler.")
    await make_expert().ask("And why?", memory, say=Room().say, persona=butler).answer()
    system, *rest = expert_server.asked[0]["messages"]
    assert "You are a butler." in system["content"]
    assert "Saturday, 21 November 2026, 12:00" in system["content"]
    assert [(message["role"], message["content"]) for message in rest] == [
        ("user", "Hello."),
        ("assistant", "Good day, sir."),
        ("assistant", "The oven is hot."),
        ("user", "And why?"),
    ]


async def test_a_slow_model_is_covered_by_fillers_that_are_no_answer(make_expert, expert_server, hasty_fillers):
    release = asyncio.Event()

    async def play(reply):
        await release.wait()
        await reply.words("Because of the light.")
        await reply.done()

    expert_server.play = play
    room = Room()

    async def say(text):
        heard = await room.say(text)
        if len(room.said) == 3:
            release.set()
        return heard

    outcome = await make_expert().ask("Why is the sky blue?", say=say).answer()
    assert len(room.said) == 4
    assert len(set(room.said)) == 4
    assert outcome.fillers == 3
    assert outcome.heard == "Because of the light."


async def test_a_pause_in_the_middle_is_filled_too(make_expert, expert_server, hasty_fillers):
    async def play(reply):
        await reply.words("One. Two")
        await asyncio.sleep(0.25)
        await reply.words(" three.")
        await reply.done()

    expert_server.play = play
    room = Room()
    outcome = await make_expert().ask("Count.", say=room.say).answer()
    assert room.answers == ["One.", "Two three."]
    assert room.said[1] not in room.answers
    assert outcome.heard == "One. Two three."


async def test_an_interruption_closes_the_request_and_memory_keeps_what_was_heard(make_expert, expert_server):
    async def play(reply):
        await reply.words("The first sentence stands here. The second one comes. And")
        await reply.hang()

    expert_server.play = play
    room = Room()
    room.speaks_s = 5.0
    answering = asyncio.create_task(make_expert().ask("Tell me.", say=room.say).answer())
    await room.spoke.wait()
    room.cut()
    outcome = await answering
    assert outcome.interrupted
    assert outcome.heard == "The"
    async with asyncio.timeout(1):
        await expert_server.left.wait()


@pytest.mark.parametrize("way", ["stop", "cancel"])
async def test_an_answer_that_is_still_thought_about_can_be_stopped(make_expert, expert_server, way):
    begun = asyncio.Event()

    async def play(reply):
        begun.set()
        await reply.hang()

    expert_server.play = play
    room, expert = Room(), make_expert()
    turn = expert.ask("Tell me.", say=room.say)
    answering = asyncio.create_task(turn.answer())
    await begun.wait()
    if way == "stop":
        turn.stop()
        assert (await answering).interrupted
    else:
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering
    assert room.said == []
    assert turn.outcome.heard == ""
    async with asyncio.timeout(1):
        await expert_server.left.wait()
    assert expert.breaker.state is Circuit.CLOSED


async def test_a_filler_that_is_cut_short_ends_the_question(make_expert, expert_server, hasty_fillers):
    expert_server.play = hangs
    room = Room()
    room.speaks_s = 5.0
    answering = asyncio.create_task(make_expert().ask("Tell me.", say=room.say).answer())
    await room.spoke.wait()
    room.cut()
    outcome = await answering
    assert outcome.interrupted
    assert outcome.heard == ""


async def test_a_question_asked_again_is_answered_without_the_model(make_expert, expert_server):
    expert_server.says("The moon pulls the sea. That makes tides.")
    expert = make_expert()
    first, second, other = Room(), Room(), Room()
    await expert.ask("Explain tides.", say=first.say).answer()
    outcome = await expert.ask("Could you explain tides, please?", say=second.say).answer()
    assert outcome.cached
    assert second.said == first.said
    assert len(expert_server.asked) == 1
    assert not (await expert.ask("Explain tides.", say=other.say, persona=Persona("b", "v", "")).answer()).cached
    await expert_server.stop()
    assert (await expert.ask("Explain tides!", say=Room().say).answer()).cached


async def test_an_answer_cut_by_its_length_ends_with_a_whole_sentence(make_expert, expert_server):
    async def play(reply):
        await reply.words("This is one. And this is half of a")
        await reply.done("length")

    expert_server.play = play
    outcome = await make_expert().ask("Why?", say=Room().say).answer()
    assert outcome.heard == "This is one."
