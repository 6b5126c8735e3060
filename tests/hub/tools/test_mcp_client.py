"""A household's own server: its tools by voice and for a model, and what its faults cost."""

from __future__ import annotations

import asyncio
import sys
import tomllib
from pathlib import Path

import pytest

from hub.config_tools import McpServerSettings, PhraseSettings
from hub.errors import ConfigError
from hub.tools.mcp_client import McpServers
from hub.tools.port import ToolError, ToolTimeoutError, ToolUnavailableError, UnknownToolError
from hub.tools.registry import Registry

pytest.importorskip("mcp")
SERVER = Path(__file__).with_name("pantry_server.py")


async def until(condition, seconds=30.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def pantry(log, **changes):
    values = {
        "name": "pantry",
        "command": (sys.executable, str(SERVER), str(log)),
        "allow": ("find", "put", "sleep", "die", "fail"),
        "phrases": (
            PhraseSettings(say="ask the pantry for {item}", tool="find"),
            PhraseSettings(say="put {count} cans of {item} into the pantry", tool="put"),
        ),
        "timeout_s": 10.0,
    }
    return McpServerSettings(**(values | changes))


@pytest.fixture
async def registry(tmp_path):
    registry = Registry()
    servers = McpServers([pantry(tmp_path / "log")], registry)
    await servers.start()
    await until(lambda: registry.get("pantry__find"))
    yield registry
    await servers.close()
    await registry.close()


async def test_named_tools_are_offered_with_their_schema_and_no_others(registry):
    assert [tool.name.partition("__")[2] for tool in registry.tools] == ["find", "put", "sleep", "die", "fail"]
    find, put = registry.get("pantry__find"), registry.get("pantry__put")
    assert find.schema["required"] == ["item"]
    assert (find.changes, put.changes) == (False, True)
    with pytest.raises(UnknownToolError):
        await registry.call("pantry__burn", {}, key="1")


async def test_a_tool_answers_and_the_same_key_is_one_call(registry, tmp_path):
    results = await asyncio.gather(
        *(registry.call("pantry__put", {"item": "beans", "count": 2}, key="one") for _ in range(5))
    )
    assert {result.sentence for result in results} == {"Now there are 2 of beans."}
    assert (tmp_path / "log").read_text() == "put 2 beans\n"


async def test_a_slow_tool_is_given_up(tmp_path):
    registry = Registry()
    servers = McpServers([pantry(tmp_path / "log", timeout_s=1.0)], registry)
    await servers.start()
    await until(lambda: registry.get("pantry__sleep"))
    with pytest.raises(ToolTimeoutError):
        await registry.call("pantry__sleep", {}, key="1")
    await servers.close()
    await registry.close()


async def test_a_failing_tool_says_why(registry):
    with pytest.raises(ToolError) as caught:
        await registry.call("pantry__fail", {}, key="1")
    assert caught.value.sentence.startswith("The pantry says:")
    with pytest.raises(ToolError):
        await registry.call("pantry__put", {"item": "beans", "count": "many"}, key="2")
    assert (await registry.call("pantry__find", {"item": "red lentils"}, key="3")).sentence == (
        "There are 3 of red lentils."
    )


async def test_a_server_that_dies_is_started_again(registry):
    with pytest.raises(ToolUnavailableError):
        await registry.call("pantry__die", {}, key="1")
    await until(lambda: registry.get("pantry__find") is None)
    await until(lambda: registry.get("pantry__find"))
    assert "lentils" in (await registry.call("pantry__find", {"item": "red lentils"}, key="2")).sentence


@pytest.mark.parametrize(
    "change",
    [
        {"command": ("/no/such/program",)},
        {"command": (sys.executable, "-c", "print('hello'); import time; time.sleep(9)")},
        {"command": (), "url": "http://127.0.0.1:9/mcp"},
    ],
)
async def test_a_server_that_is_none_costs_nobody_anything(tmp_path, change, monkeypatch):
    monkeypatch.setattr("hub.tools.mcp_client.CONNECT_S", 10.0)
    registry = Registry()
    servers = McpServers([pantry(tmp_path / "log", name="broken", **change), pantry(tmp_path / "log")], registry)
    await servers.start()
    await until(lambda: registry.get("pantry__find"))
    await until(lambda: "cannot be reached" in servers.troubles().get("broken", ""))
    assert not [tool for tool in registry.tools if tool.name.startswith("broken")]
    async with asyncio.timeout(10):
        await servers.close()


async def test_over_http(tmp_path):
    import socket

    import uvicorn
    from mcp.server import MCPServer

    server = MCPServer("web")

    @server.tool()
    def add(a: int, b: int) -> str:
        """Add."""
        return str(a + b)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = uvicorn.Server(
        uvicorn.Config(server.streamable_http_app(), host="127.0.0.1", port=port, log_level="error")
    )
    task = asyncio.create_task(running.serve())
    await until(lambda: running.started)
    registry = Registry()
    settings = McpServerSettings(name="web", url=f"http://127.0.0.1:{port}/mcp", allow=("add",))
    servers = McpServers([settings], registry)
    try:
        await servers.start()
        await until(lambda: registry.get("web__add"))
        assert (await registry.call("web__add", {"a": 2, "b": 3}, key="1")).sentence == "5."
    finally:
        await servers.close()
        running.should_exit = True
        await task


def test_without_its_package_the_command_that_installs_the_locked_one_is_told(monkeypatch, tmp_path):
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    (pinned,) = project["optional-dependencies"]["mcp"]
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(ConfigError) as caught:
        McpServers([pantry(tmp_path / "log")], Registry())
    assert f".venv/bin/python -m pip install {pinned}," in caught.value.sentence
    McpServers([], Registry())
