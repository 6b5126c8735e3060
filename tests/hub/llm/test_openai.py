"""Asking a real server: what it is sent, what comes back, and every way in which it can fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket

import pytest
from aiohttp import web

from hub.llm import openai
from hub.llm.openai import ModelOptions, OpenAiModel
from hub.llm.port import (
    Ended,
    Message,
    ModelBusyError,
    ModelError,
    ModelGarbledError,
    ModelKeyError,
    ModelRefusedError,
    ModelTimeoutError,
    ModelTooLongError,
    ModelUnreachableError,
    Piece,
    ToolCall,
)
from hub.secret_file import SecretFile

HELLO = Message("user", "Hello?")
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, Piece))


async def test_pieces_come_in_order_and_the_end_last(ask, server):
    server.says("One two three.")
    events = await ask(Message("system", "Be short."), HELLO)
    assert text_of(events) == "One two three."
    assert events[-1] == Ended()
    sent = server.asked[0]
    assert sent["stream"] is True
    assert sent["model"] == "tiny"
    assert sent["messages"] == [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello?"}]
    assert "tools" not in sent
    assert "Authorization" not in server.headers[0]


async def test_a_second_question_uses_the_same_connection(ask, server):
    await ask(HELLO)
    await ask(HELLO)
    assert len(server.asked) == 2
    assert len(server.connections) == 1


async def test_a_kept_connection_that_the_server_closed_is_made_anew(ask, server):
    await ask(HELLO)
    await server.stop()
    await server.start()
    assert text_of(await ask(HELLO)) == "Hello there."


async def test_pieces_are_given_before_the_answer_is_complete(server):
    first_seen = asyncio.Event()

    async def play(reply):
        await reply.words("First")
        await first_seen.wait()
        await reply.words(" second")
        await reply.done()

    server.play = play
    model = OpenAiModel(ModelOptions(server.url, "tiny"))
    texts = []
    async for event in model.answer([HELLO]):
        if isinstance(event, Piece):
            texts.append(event.text)
            first_seen.set()
    await model.close()
    assert texts == ["First", " second"]


async def test_closing_the_answer_ends_the_request_at_once(server):
    async def play(reply):
        await reply.words("It goes on and on")
        await reply.hang()

    server.play = play
    model = OpenAiModel(ModelOptions(server.url, "tiny"))
    answer = model.answer([HELLO])
    assert (await anext(answer)).text == "It"
    await answer.aclose()
    async with asyncio.timeout(1):
        await server.left.wait()
    await model.close()


async def test_the_key_goes_along_and_is_read_anew_each_time(ask, server, tmp_path):
    file = tmp_path / "key"
    file.write_text("sk-one\n")
    file.chmod(0o600)
    await ask(HELLO, api_key=SecretFile(file, "API key"))
    assert server.headers[0]["Authorization"] == "Bearer sk-one"
    file.unlink()
    with pytest.raises(ModelKeyError, match="cannot be read"):
        await ask(HELLO, api_key=SecretFile(file, "API key"))


async def test_functions_and_their_results_are_sent_and_understood(ask, server):
    async def play(reply):
        await reply.delta(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "weather", "arguments": ""}}])
        await reply.delta(tool_calls=[{"index": 0, "function": {"arguments": '{"day":'}}])
        await reply.delta(tool_calls=[{"index": 0, "function": {"arguments": ' "today"}'}}])
        await reply.done("tool_calls")

    server.play = play
    events = await ask(
        HELLO,
        Message("assistant", "", calls=(ToolCall("c0", "weather", "{}"),)),
        Message("tool", "Rain.", call_id="c0"),
        tools=[TOOL],
    )
    assert events[-1] == Ended((ToolCall("c1", "weather", '{"day": "today"}'),))
    sent = server.asked[0]
    assert sent["tools"] == [TOOL]
    assert sent["messages"][1]["tool_calls"][0]["function"] == {"name": "weather", "arguments": "{}"}
    assert sent["messages"][2] == {"role": "tool", "content": "Rain.", "tool_call_id": "c0"}


async def test_an_answer_in_one_piece_is_understood_too(ask, server):
    async def play(_reply):
        message = {"role": "assistant", "content": "All at once."}
        return web.json_response({"choices": [{"message": message, "finish_reason": "stop"}]})

    server.play = play
    events = await ask(HELLO)
    assert text_of(events) == "All at once."
    assert events[-1] == Ended()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, ModelKeyError),
        (403, ModelKeyError),
        (404, ModelRefusedError),
        (400, ModelRefusedError),
        (302, ModelRefusedError),
        (429, ModelBusyError),
        (503, ModelBusyError),
        (500, ModelError),
        (502, ModelError),
    ],
)
async def test_each_status_has_its_error(ask, server, status, error):
    async def play(_reply):
        return web.json_response({"error": {"message": "model not found"}}, status=status, headers={"Location": "/x"})

    server.play = play
    with pytest.raises(ModelError) as raised:
        await ask(HELLO)
    assert type(raised.value) is error
    assert str(status) in raised.value.sentence or status == 404
    assert raised.value.spoken.count(".") == 1


async def test_an_unknown_model_and_one_without_tools_are_told_apart(ask, server):
    async def play(reply):
        if reply.asked["model"] == "none":
            return web.json_response({"error": "model none not found, try pulling it"}, status=404)
        return web.json_response({"error": {"message": "tiny does not support tools"}}, status=400)

    server.play = play
    with pytest.raises(ModelRefusedError, match=r"expert\.tools"):
        await ask(HELLO, tools=[TOOL])
    model = OpenAiModel(ModelOptions(server.url, "none"))
    with pytest.raises(ModelRefusedError, match="try pulling it"):
        await anext(model.answer([HELLO]))
    await model.close()


async def test_nobody_at_the_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = OpenAiModel(ModelOptions(f"http://127.0.0.1:{port}/v1", "tiny"))
    with pytest.raises(ModelUnreachableError):
        await anext(model.answer([HELLO]))
    await model.close()


@contextlib.asynccontextmanager
async def talking(data):
    """A server that says this to whoever comes, and waits until the other side leaves."""

    left = asyncio.Event()

    async def talk(reader, writer):
        left.clear()
        writer.write(data)
        while await reader.read(65536):
            if data:
                break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        left.set()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    async with asyncio.timeout(2):
        await left.wait()
    listener.close()
    await listener.wait_closed()


async def test_a_server_that_accepts_and_says_nothing():
    async with talking(b"") as url:
        model = OpenAiModel(ModelOptions(url, "tiny", first_token_timeout_s=0.1))
        with pytest.raises(ModelTimeoutError, match="silent"):
            await anext(model.answer([HELLO]))
        await model.close()


@pytest.mark.parametrize("garbage", [b"\x00\xff" * 400, b"HTTP/9.9 what\r\n\r\n", b"SSH-2.0-OpenSSH\r\n" * 50])
async def test_a_server_that_speaks_another_protocol(garbage):
    async with talking(garbage) as url:
        model = OpenAiModel(ModelOptions(url, "tiny"))
        with pytest.raises(ModelUnreachableError):
            await anext(model.answer([HELLO]))
        await model.close()


async def test_silence_after_the_first_words_ends_by_its_deadline(ask, server):
    async def play(reply):
        await reply.words("So")
        await reply.hang()

    server.play = play
    with pytest.raises(ModelTimeoutError, match=r"silent for 0\.1"):
        await ask(HELLO, first_token_timeout_s=0.1)


async def test_signs_of_life_that_are_no_answer_do_not_count(ask, server):
    async def play(reply):
        while True:
            await reply.raw(b": ping\n\n")
            await asyncio.sleep(0.01)

    server.play = play
    with pytest.raises(ModelTimeoutError, match="silent"):
        await ask(HELLO, first_token_timeout_s=0.15)


async def test_a_byte_at_a_time_is_ended_by_the_total(ask, server):
    async def play(reply):
        data = f"data: {json.dumps({'choices': [{'delta': {'content': 'x'}}]})}\n\n".encode()
        while True:
            for byte in data:
                await reply.raw(bytes([byte]))
            await asyncio.sleep(0.01)

    server.play = play
    with pytest.raises(ModelTimeoutError, match="not complete"):
        await ask(HELLO, timeout_s=0.3)


async def test_a_connection_that_breaks_in_the_middle(ask, server):
    async def play(reply):
        await reply.words("Half an")
        reply.die()

    server.play = play
    with pytest.raises(ModelUnreachableError, match="broke"):
        await ask(HELLO)


async def test_an_answer_that_just_stops_is_no_answer(ask, server):
    async def play(reply):
        await reply.words("Half an")

    server.play = play
    with pytest.raises(ModelGarbledError, match="stopped"):
        await ask(HELLO)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {not json}\n\n",
        b"data: [1, 2]\n\n",
        b'data: {"choices": 5}\n\n',
        b"data: \xff\xfe\n\n",
        b"data: null\n\n",
    ],
)
async def test_events_that_are_no_completion(ask, server, data):
    async def play(reply):
        await reply.raw(data)
        await reply.hang()

    server.play = play
    with pytest.raises(ModelGarbledError):
        await ask(HELLO)


async def test_a_web_page_is_no_completion(ask, server):
    async def play(_reply):
        return web.Response(text="<html>Welcome!</html>", content_type="text/html")

    server.play = play
    with pytest.raises(ModelGarbledError):
        await ask(HELLO)


async def test_a_failure_told_in_the_stream(ask, server):
    async def play(reply):
        await reply.words("Well")
        await reply.event({"error": {"message": "out of memory"}})

    server.play = play
    with pytest.raises(ModelError) as raised:
        await ask(HELLO)
    assert raised.value.code == "expert_failed"


async def test_an_endless_answer_an_endless_event_and_endless_bytes(ask, server, monkeypatch):
    async def talk(reply):
        while True:
            await reply.delta(content="blah " * 100)

    async def one_event(reply):
        while True:
            await reply.raw(b"data: " + b"x" * 65536)

    async def comments(reply):
        while True:
            await reply.raw(b": " + b"x" * 1000 + b"\n")

    monkeypatch.setattr(openai, "MAX_RESPONSE_BYTES", 500_000)
    for play in (talk, one_event, comments):
        server.play = play
        with pytest.raises(ModelTooLongError):
            await ask(HELLO)
