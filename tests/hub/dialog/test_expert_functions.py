"""Functions that an expert calls on the way to its answer."""

from __future__ import annotations

import asyncio

import pytest

from hub.dialog import expert_reading
from hub.llm.port import ModelError
from protocol.errors import RoomtoneError
from tests.hub.dialog.expert_room import Room


class Tools:
    def __init__(self, result="Rain."):
        self.calls, self.result = [], result

    def specs(self):
        return [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]

    async def call(self, name, arguments):
        self.calls.append((name, dict(arguments)))
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


async def test_functions_are_called_and_their_results_go_back(make_expert, expert_server):
    tools = Tools("It rains.")

    async def play(reply):
        if reply.asked["messages"][-1]["role"] == "tool":
            await reply.words("Take an umbrella.")
            await reply.done()
            return
        await reply.words("Let me look.")
        await reply.delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "weather", "arguments": "{}"}}])
        await reply.done("tool_calls")

    expert_server.play = play
    room = Room()
    outcome = await make_expert().ask("What shall I wear?", say=room.say, toolbox=tools).answer()
    assert room.said == ["Let me look.", "Take an umbrella."]
    assert outcome.tools == ["weather"]
    assert tools.calls == [("weather", {})]
    call, result = expert_server.asked[1]["messages"][-2:]
    assert call["tool_calls"][0]["id"] == result["tool_call_id"] == "c"
    assert result["content"] == "It rains."


class ForbiddenError(RoomtoneError):
    code = "forbidden"


@pytest.mark.parametrize(
    ("arguments", "told", "called"),
    [
        ("{}", "It failed: That is not allowed.", 1),
        ("{broken", "no JSON", 0),
        ("[" * 15_000, "no JSON", 0),
        ("[1]", "must be a JSON object", 0),
    ],
)
async def test_the_model_is_told_what_went_wrong_with_a_function(make_expert, expert_server, arguments, told, called):
    tools = Tools(ForbiddenError("That is not allowed."))

    async def play(reply):
        if reply.asked["messages"][-1]["role"] == "tool":
            await reply.words("I could not.")
            return await reply.done()
        return await call_function(reply, arguments)

    expert_server.play = play
    outcome = await make_expert().ask("Weather?", say=Room().say, toolbox=tools).answer()
    assert told in expert_server.asked[1]["messages"][-1]["content"]
    assert len(tools.calls) == called
    assert outcome.heard == "I could not."


async def call_function(reply, arguments="{}"):
    await reply.delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "weather", "arguments": arguments}}])
    await reply.done("tool_calls")


async def test_a_function_that_hangs_is_given_up(make_expert, expert_server, monkeypatch):
    monkeypatch.setattr(expert_reading, "_TOOL_S", 0.05)
    tools = Tools()

    async def hang(_name, _arguments):
        await asyncio.Event().wait()

    tools.call = hang

    async def play(reply):
        if reply.asked["messages"][-1]["role"] == "tool":
            await reply.words("It took too long.")
            return await reply.done()
        return await call_function(reply)

    expert_server.play = play
    outcome = await make_expert().ask("Weather?", say=Room().say, toolbox=tools).answer()
    assert "did not answer within" in expert_server.asked[1]["messages"][-1]["content"]
    assert outcome.heard == "It took too long."


async def test_a_model_that_only_calls_functions_is_made_to_answer(make_expert, expert_server):
    async def play(reply):
        if "tools" in reply.asked:
            return await call_function(reply)
        await reply.words("Enough.")
        return await reply.done()

    expert_server.play = play
    tools = Tools()
    outcome = await make_expert().ask("Weather?", say=Room().say, toolbox=tools).answer()
    assert len(tools.calls) == expert_reading.MAX_ROUNDS
    assert outcome.heard == "Enough."


async def test_answers_that_are_not_whole_or_need_functions_are_not_kept(make_expert, expert_server):
    expert, tools = make_expert(), Tools()

    async def play(reply):
        if reply.asked["messages"][-1]["role"] != "tool" and len(expert_server.asked) == 1:
            return await call_function(reply)
        await reply.words("Half. Of")
        return await reply.done() if len(expert_server.asked) == 2 else reply.die()

    expert_server.play = play
    await expert.ask("Explain tides.", say=Room().say, toolbox=tools).answer()
    assert (await expert.ask("Explain tides.", say=Room().say, toolbox=tools).answer()).error is not None
    expert_server.says("Whole.")
    outcome = await expert.ask("Explain tides.", say=Room().say, toolbox=tools).answer()
    assert not outcome.cached
    assert isinstance(outcome.error, ModelError)  # left alone for a moment
