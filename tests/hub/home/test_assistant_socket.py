"""One connection: who asks gets the answer, and strange peers are survived."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from hub.errors import ConfigError
from hub.home import assistant_socket
from hub.home.assistant_socket import AssistantSocket, CommandError, command_error, websocket_url
from hub.home.errors import HomeTimeoutError
from hub.home.port import HomeUnreachableError


async def test_errors_come_to_those_who_asked(socket, scripted):
    release = asyncio.Event()

    async def calls(connection, number, message):
        if message["service"] == "slow":
            asyncio.get_running_loop().create_task(later(connection, number))
        else:
            await scripted.fail(
                connection,
                number,
                code="not_found",
                message="Service x not found",
                translation_key="service_not_found",
            )

    async def later(connection, number):
        await release.wait()
        await scripted.result(connection, number, "slow one")

    scripted.script["call_service"] = calls
    slow = asyncio.create_task(socket.command("call_service", service="slow"))
    wrong = await asyncio.gather(
        *(socket.command("call_service", service="wrong") for _ in range(20)), return_exceptions=True
    )
    assert {error.code for error in wrong} == {"service_not_found"}
    release.set()
    assert await slow == "slow one"


async def test_a_command_without_an_answer_ends_by_its_deadline(socket, scripted):
    async def never(*_args):
        pass

    scripted.script["get_states"] = never
    with pytest.raises(HomeTimeoutError):
        await socket.command("get_states", deadline_s=0.05)
    assert (await socket.command("get_config"))["location_name"] == "Script"


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 99999, "type": "result", "success": true, "result": 1}',
        '{"id": true, "type": "event"}',
        '{"id": 1, "type": "event", "event": "nothing"}',
        '{"id": "1", "type": "result"}',
        "[1, null, {}]",
        "null",
        '"hello"',
        '{"type": "pong"}',
    ],
)
async def test_strange_messages_disturb_nobody(socket, scripted, text):
    await scripted.sockets[0].send_str(text)
    assert (await socket.command("get_config"))["location_name"] == "Script"


@pytest.mark.parametrize("text", ["{", "", "\x00", "[" * 100_000])
async def test_what_is_not_json_ends_the_connection(socket, scripted, text):
    waiting = asyncio.create_task(socket.command("call_service", service="turn_on", target={"entity_id": []}))

    async def never(*_args):
        pass

    scripted.script["call_service"] = never
    await asyncio.sleep(0)
    await scripted.sockets[0].send_str(text)
    with pytest.raises(HomeUnreachableError):
        await waiting
    assert socket.closed.done()
    with pytest.raises(HomeUnreachableError):
        await socket.command("get_config")


async def test_a_message_over_the_limit_ends_the_connection(scripted, monkeypatch):
    monkeypatch.setattr(assistant_socket, "MAX_MESSAGE_BYTES", 10_000)
    async with aiohttp.ClientSession() as session:
        socket = await AssistantSocket.open(session, websocket_url(scripted.url), scripted.token)
        await scripted.sockets[0].send_str('"' + "x" * 20_000 + '"')
        await asyncio.wait_for(asyncio.shield(socket.closed), 2.0)
        await socket.close()


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (
            {"code": "not_found", "message": "Service a.b not found."},
            "service_not_found",
            "Service a.b not found.",
        ),
        (
            {"code": "service_validation_error", "message": "Accepted range is 7 to 35"},
            "bad_value",
            "7 to 35",
        ),
        ({"code": "invalid_format", "message": "extra keys"}, "bad_value", "extra keys"),
        ({"code": "unauthorized", "message": "Unauthorized"}, "not_allowed", "not allowed"),
        ({"code": "home_assistant_error", "message": "no bridge"}, "home_failed", "no bridge"),
        ({"code": "not_found", "message": "Entity not there"}, "home_failed", "Entity"),
        (None, "home_failed", "no reason"),
        ([], "home_failed", "no reason"),
    ],
)
def test_home_assistants_errors_have_our_codes_and_its_words(error, code, sentence):
    found = command_error(error)
    assert found.code == code
    assert sentence in found.sentence


def test_the_finer_reason_is_kept():
    found = command_error({"code": "x", "message": "m", "translation_key": "key"})
    assert isinstance(found, CommandError)
    assert (found.reason, found.translation_key) == ("x", "key")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://home.local:8123", "ws://home.local:8123/api/websocket"),
        ("https://home.example/", "wss://home.example/api/websocket"),
    ],
)
def test_addresses(url, expected):
    assert websocket_url(url) == expected


@pytest.mark.parametrize("url", ["", "home.local:8123", "ftp://x", "http://", "http:///"])
def test_what_is_no_address(url):
    with pytest.raises(ConfigError, match=r"home\.url"):
        websocket_url(url)
