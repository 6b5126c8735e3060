"""Questions to a real server on the loopback: spoken while they are written, filled, cut short, failed, remembered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from hub.dialog import expert_reading, filler
from hub.dialog.expert import Expert
from hub.engine.breaker import Circuit
from hub.engine.port import Exchange, Persona
from hub.llm.openai import ModelOptions, OpenAiModel
from hub.llm.port import ModelBusyError, ModelError, ModelGarbledError, ModelTimeoutError, ModelUnreachableError
from protocol.errors import RoomtoneError
from tests.hub.llm.expert_server import ExpertServer

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LONG = "First it rains for a very long time. Then the sun comes out again. At last a rainbow stands over the hills."


class Room:
    """Speaks for `speaks_s` each time; `cut()` silences it after the first word."""

    def __init__(self):
        self.said, self.speaks_s, self.spoke = [], 0.0, asyncio.Event()
        self._cut = asyncio.Event()

    async def say(self, text):
        self.said.append(text)
        self.spoke.set()
        try:
            async with asyncio.timeout(self.speaks_s):
                await self._cut.wait()
        except TimeoutError:
            return text
        return text.split(" ")[0]

    def cut(self):
        self._cut.set()

    @property
    def answers(self):
        return [text for text in self.said if text not in (*filler._FIRST, *filler._LATER)]


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


@pytest.fixture
async def server():
    server = ExpertServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def make(server):
    made = []

    def make(timeout_s=5.0, cache_lifetime_s=60.0, now_s=None, **options):
        model = OpenAiModel(ModelOptions(server.url, "tiny", **options))
        loop = asyncio.get_running_loop()
        expert = Expert(
            model,
            now_s=now_s or loop.time,
            wall_clock=lambda: NOON,
            timeout_s=timeout_s,
            cache_lifetime_s=cache_lifetime_s,
        )
        made.append(expert)
        return expert

    yield make
    for expert in made:
        await expert.close()


@pytest.fixture
def hasty(monkeypatch):
    """Fillers come soon."""
    monkeypatch.setattr(filler, "FIRST_AFTER_S", 0.05)
    monkeypatch.setattr(filler, "AGAIN_AFTER_S", 0.1)


async def test_an_answer_is_spoken_whole_and_remembered_as_it_was_heard(make, server):
    server.says(LONG)
    room = Room()
    outcome = await make().ask("Tell me about rain.", say=room.say).answer()
    assert " ".join(room.said) == LONG == outcome.heard
    assert not outcome.interrupted
    assert outcome.error is None
    assert outcome.fillers == 0
    assert list(outcome.t_ms) == ["asked", "first_piece", "first_clause", "first_say", "done"]
    assert list(outcome.t_ms.values()) == sorted(outcome.t_ms.values())


async def test_the_first_sentence_is_spoken_while_the_second_is_not_written_yet(make, server):
    room = Room()

    async def play(reply):
        await reply.words("It is simple. It")
        await room.spoke.wait()
        await reply.words(" goes on.")
        await reply.done()

    server.play = play
    outcome = await make().ask("Why?", say=room.say).answer()
    assert room.said == ["It is simple.", "It goes on."]
    assert outcome.error is None


async def test_the_model_knows_the_dialogue_the_persona_and_the_time(make, server):
    memory = [Exchange("Hello.", "Good day, sir."), Exchange("", "The oven is hot.")]
    butler = Persona("butler", "NATF2", "You are a butler.")
    await make().ask("And why?", memory, say=Room().say, persona=butler).answer()
    system, *rest = server.asked[0]["messages"]
    assert "You are a butler." in system["content"]
    assert "Saturday, 21 November 2026, 12:00" in system["content"]
    assert [(message["role"], message["content"]) for message in rest] == [
        ("user", "Hello."),
        ("assistant", "Good day, sir."),
        ("assistant", "The oven is hot."),
        ("user", "And why?"),
    ]


async def test_a_slow_model_is_covered_by_fillers_that_are_no_answer(make, server, hasty):
    release = asyncio.Event()

    async def play(reply):
        await release.wait()
        await reply.words("Because of the light.")
        await reply.done()

    server.play = play
    room = Room()

    async def say(text):
        heard = await room.say(text)
        if len(room.said) == 3:
            release.set()
        return heard

    outcome = await make().ask("Why is the sky blue?", say=say).answer()
    assert len(room.said) == 4
    assert len(set(room.said)) == 4
    assert outcome.fillers == 3
    assert outcome.heard == "Because of the light."


async def test_a_pause_in_the_middle_is_filled_too(make, server, hasty):
    async def play(reply):
        await reply.words("One. Two")
        await asyncio.sleep(0.25)
        await reply.words(" three.")
        await reply.done()

    server.play = play
    room = Room()
    outcome = await make().ask("Count.", say=room.say).answer()
    assert room.answers == ["One.", "Two three."]
    assert room.said[1] not in room.answers
    assert outcome.heard == "One. Two three."


async def test_an_interruption_closes_the_request_and_memory_keeps_what_was_heard(make, server):
    async def play(reply):
        await reply.words("The first sentence stands here. The second one comes. And")
        await reply.hang()

    server.play = play
    room = Room()
    room.speaks_s = 5.0
    answering = asyncio.create_task(make().ask("Tell me.", say=room.say).answer())
    await room.spoke.wait()
    room.cut()
    outcome = await answering
    assert outcome.interrupted
    assert outcome.heard == "The"
    async with asyncio.timeout(1):
        await server.left.wait()


@pytest.mark.parametrize("way", ["stop", "cancel"])
async def test_an_answer_that_is_still_thought_about_can_be_stopped(make, server, way):
    begun = asyncio.Event()

    async def play(reply):
        begun.set()
        await reply.hang()

    server.play = play
    room, expert = Room(), make()
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
        await server.left.wait()
    assert expert.breaker.state is Circuit.CLOSED


async def test_a_filler_that_is_cut_short_ends_the_question(make, server, hasty):
    async def play(reply):
        await reply.hang()

    server.play = play
    room = Room()
    room.speaks_s = 5.0
    answering = asyncio.create_task(make().ask("Tell me.", say=room.say).answer())
    await room.spoke.wait()
    room.cut()
    outcome = await answering
    assert outcome.interrupted
    assert outcome.heard == ""


async def stalls(reply):
    await reply.hang()


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
        (stalls, ModelTimeoutError),
        (garbage, ModelGarbledError),
        (busy, ModelBusyError),
        (says_nothing, ModelGarbledError),
        (only_code, ModelGarbledError),
        (dies, ModelUnreachableError),
    ],
)
async def test_each_failure_is_one_honest_sentence(make, server, play, error):
    server.play = play
    room, expert = Room(), make(first_token_timeout_s=0.2)
    outcome = await expert.ask("Why?", say=room.say).answer()
    assert type(outcome.error) is error
    assert room.answers == [error.spoken] == [outcome.heard]
    assert expert.breaker.state is Circuit.OPEN


async def test_a_server_that_is_down(make, server):
    await server.stop()
    room = Room()
    outcome = await make().ask("Why?", say=room.say).answer()
    assert isinstance(outcome.error, ModelUnreachableError)
    assert room.said == [ModelUnreachableError.spoken]


async def test_what_came_before_a_failure_is_said_and_the_rest_is_apologised_for(make, server):
    async def play(reply):
        await reply.words("This much is known. But")
        reply.die()

    server.play = play
    room = Room()
    outcome = await make().ask("Why?", say=room.say).answer()
    assert room.said == ["This much is known.", "Sorry, the rest of the answer did not reach me."]
    assert outcome.error is not None


async def test_a_whole_answer_has_a_deadline_even_when_pieces_keep_coming(make, server):
    server.says("and so " * 500, pause_s=0.01)
    room = Room()
    outcome = await make(timeout_s=0.2).ask("Why?", say=room.say).answer()
    assert isinstance(outcome.error, ModelTimeoutError)


async def test_an_expert_that_failed_is_left_alone_then_asked_once_and_trusted_again(make, server):
    now_s = 1000.0
    expert = make(now_s=lambda: now_s)

    async def ask():
        room = Room()
        return await expert.ask("Why?", say=room.say).answer()

    server.play = busy
    assert isinstance((await ask()).error, ModelBusyError)
    server.says("I am back.")
    assert isinstance((await ask()).error, ModelBusyError)
    assert len(server.asked) == 1
    now_s += 1.1
    assert (await ask()).error is None
    assert expert.breaker.state is Circuit.CLOSED


async def test_a_probe_that_is_interrupted_proves_nothing(make, server):
    now_s = 1000.0
    expert = make(now_s=lambda: now_s)
    server.play = busy
    await expert.ask("Why?", say=Room().say).answer()
    server.play = stalls
    now_s += 1.1
    turn = expert.ask("Why?", say=Room().say)
    answering = asyncio.create_task(turn.answer())
    while len(server.asked) < 2:
        await asyncio.sleep(0)
    turn.stop()
    await answering
    assert expert.breaker.state is Circuit.OPEN


async def test_functions_are_called_and_their_results_go_back(make, server):
    tools = Tools("It rains.")

    async def play(reply):
        if reply.asked["messages"][-1]["role"] == "tool":
            await reply.words("Take an umbrella.")
            await reply.done()
            return
        await reply.words("Let me look.")
        await reply.delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "weather", "arguments": "{}"}}])
        await reply.done("tool_calls")

    server.play = play
    room = Room()
    outcome = await make().ask("What shall I wear?", say=room.say, toolbox=tools).answer()
    assert room.said == ["Let me look.", "Take an umbrella."]
    assert outcome.tools == ["weather"]
    assert tools.calls == [("weather", {})]
    call, result = server.asked[1]["messages"][-2:]
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
async def test_the_model_is_told_what_went_wrong_with_a_function(make, server, arguments, told, called):
    tools = Tools(ForbiddenError("That is not allowed."))

    async def play(reply):
        if reply.asked["messages"][-1]["role"] == "tool":
            await reply.words("I could not.")
            return await reply.done()
        return await call_function(reply, arguments)

    server.play = play
    outcome = await make().ask("Weather?", say=Room().say, toolbox=tools).answer()
    assert told in server.asked[1]["messages"][-1]["content"]
    assert len(tools.calls) == called
    assert outcome.heard == "I could not."


async def call_function(reply, arguments="{}"):
    await reply.delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "weather", "arguments": arguments}}])
    await reply.done("tool_calls")


async def test_a_function_that_hangs_is_given_up(make, server, monkeypatch):
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

    server.play = play
    outcome = await make().ask("Weather?", say=Room().say, toolbox=tools).answer()
    assert "did not answer within" in server.asked[1]["messages"][-1]["content"]
    assert outcome.heard == "It took too long."


async def test_a_model_that_only_calls_functions_is_made_to_answer(make, server):
    async def play(reply):
        if "tools" in reply.asked:
            return await call_function(reply)
        await reply.words("Enough.")
        return await reply.done()

    server.play = play
    tools = Tools()
    outcome = await make().ask("Weather?", say=Room().say, toolbox=tools).answer()
    assert len(tools.calls) == expert_reading.MAX_ROUNDS
    assert outcome.heard == "Enough."


async def test_a_question_asked_again_is_answered_without_the_model(make, server):
    server.says("The moon pulls the sea. That makes tides.")
    expert = make()
    first, second, other = Room(), Room(), Room()
    await expert.ask("Explain tides.", say=first.say).answer()
    outcome = await expert.ask("Could you explain tides, please?", say=second.say).answer()
    assert outcome.cached
    assert second.said == first.said
    assert len(server.asked) == 1
    assert not (await expert.ask("Explain tides.", say=other.say, persona=Persona("b", "v", "")).answer()).cached
    await server.stop()
    assert (await expert.ask("Explain tides!", say=Room().say).answer()).cached


async def test_answers_that_are_not_whole_or_need_functions_are_not_kept(make, server):
    expert, tools = make(), Tools()

    async def play(reply):
        if reply.asked["messages"][-1]["role"] != "tool" and len(server.asked) == 1:
            return await call_function(reply)
        await reply.words("Half. Of")
        return await reply.done() if len(server.asked) == 2 else reply.die()

    server.play = play
    await expert.ask("Explain tides.", say=Room().say, toolbox=tools).answer()
    assert (await expert.ask("Explain tides.", say=Room().say, toolbox=tools).answer()).error is not None
    server.says("Whole.")
    outcome = await expert.ask("Explain tides.", say=Room().say, toolbox=tools).answer()
    assert not outcome.cached
    assert isinstance(outcome.error, ModelError)  # left alone for a moment


async def test_a_voice_that_fails_ends_the_request(make, server):
    async def play(reply):
        await reply.words("Well. And")
        await reply.hang()

    async def say(_text):
        raise RoomtoneError("The voice broke.")

    server.play = play
    with pytest.raises(RoomtoneError, match="voice broke"):
        await make().ask("Why?", say=say).answer()
    async with asyncio.timeout(1):
        await server.left.wait()


async def test_an_answer_cut_by_its_length_ends_with_a_whole_sentence(make, server):
    async def play(reply):
        await reply.words("This is one. And this is half of a")
        await reply.done("length")

    server.play = play
    outcome = await make().ask("Why?", say=Room().say).answer()
    assert outcome.heard == "This is one."
