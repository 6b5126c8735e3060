"""An expert that fails, hangs, dies or talks without an end: one honest sentence, and no request left open."""

from __future__ import annotations

import asyncio

import pytest

from hub.engine.breaker import Circuit
from hub.llm.port import ModelBusyError, ModelGarbledError, ModelTimeoutError, ModelUnreachableError
from protocol.errors import RoomtoneError
from tests.hub.dialog.expert_room import Room, hangs


async def garbage(reply):
    await reply.raw(b"data: {{{\n\n")


async def busy(reply):
    await reply.begin(status=503)


async def says_nothing(reply):
    await reply.done()


async def dies(reply):
    reply.die()


async def only_code(reply):
    await reply.words("---\n***")
    await reply.done()


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (hangs, ModelTimeoutError),
        (garbage, ModelGarbledError),
        (busy, ModelBusyError),
        (says_nothing, ModelGarbledError),
        (only_code, ModelGarbledError),
        (dies, ModelUnreachableError),
    ],
)
async def test_each_failure_is_one_honest_sentence(make_expert, expert_server, play, error):
    expert_server.play = play
    room, expert = Room(), make_expert(first_token_timeout_s=0.2)
    outcome = await expert.ask("Why?", say=room.say).answer()
    assert type(outcome.error) is error
    assert room.answers == [error.spoken] == [outcome.heard]
    assert expert.breaker.state is Circuit.OPEN


async def test_a_server_that_is_down(make_expert, expert_server):
    await expert_server.stop()
    room = Room()
    outcome = await make_expert().ask("Why?", say=room.say).answer()
    assert isinstance(outcome.error, ModelUnreachableError)
    assert room.said == [ModelUnreachableError.spoken]


async def test_what_came_before_a_failure_is_said_and_the_rest_is_apologised_for(make_expert, expert_server):
    async def play(reply):
        await reply.words("This much is known. But")
        reply.die()

    expert_server.play = play
    room = Room()
    outcome = await make_expert().ask("Why?", say=room.say).answer()
    assert room.said == ["This much is known.", "Sorry, the rest of the answer did not reach me."]
    assert outcome.error is not None


async def test_a_whole_answer_has_a_deadline_even_when_pieces_keep_coming(make_expert, expert_server):
    expert_server.says("and so " * 500, pause_s=0.01)
    room = Room()
    outcome = await make_expert(timeout_s=0.2).ask("Why?", say=room.say).answer()
    assert isinstance(outcome.error, ModelTimeoutError)


async def test_an_expert_that_failed_is_left_alone_then_asked_once_and_trusted_again(make_expert, expert_server):
    now_s = 1000.0
    expert = make_expert(now_s=lambda: now_s)

    async def ask():
        room = Room()
        return await expert.ask("Why?", say=room.say).answer()

    expert_server.play = busy
    assert isinstance((await ask()).error, ModelBusyError)
    expert_server.says("I am back.")
    assert isinstance((await ask()).error, ModelBusyError)
    assert len(expert_server.asked) == 1
    now_s += 1.1
    assert (await ask()).error is None
    assert expert.breaker.state is Circuit.CLOSED


async def test_a_probe_that_is_interrupted_proves_nothing(make_expert, expert_server):
    now_s = 1000.0
    expert = make_expert(now_s=lambda: now_s)
    expert_server.play = busy
    await expert.ask("Why?", say=Room().say).answer()
    expert_server.play = hangs
    now_s += 1.1
    turn = expert.ask("Why?", say=Room().say)
    answering = asyncio.create_task(turn.answer())
    while len(expert_server.asked) < 2:
        await asyncio.sleep(0)
    turn.stop()
    await answering
    assert expert.breaker.state is Circuit.OPEN


async def test_a_voice_that_fails_ends_the_request(make_expert, expert_server):
    async def play(reply):
        await reply.words("Well. And")
        await reply.hang()

    async def say(_text):
        raise RoomtoneError("The voice broke.")

    expert_server.play = play
    with pytest.raises(RoomtoneError, match="voice broke"):
        await make_expert().ask("Why?", say=say).answer()
    async with asyncio.timeout(1):
        await expert_server.left.wait()
