"""The engine process from outside: what it prints, how it ends, and that it leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from hub.engine.personaplex.serving.serve import EXIT_LOST, build_parser

_FAKE = (sys.executable, "-m", "tests.hub.engine.personaplex.serve_fake", "--weights", "none", "--device", "cpu")


@contextlib.asynccontextmanager
async def _process(*more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *_FAKE, *more, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def _lines(process: asyncio.subprocess.Process) -> list[str]:
    lines = []
    async with asyncio.timeout(20):
        while line := (await process.stdout.readline()).decode().strip():
            lines.append(line)
            if "ready" in line or "fault" in line:
                break
    return lines


async def test_it_prints_its_port_and_that_it_is_ready_and_ends_on_sigterm():
    async with _process("--port", "0") as process:
        lines = await _lines(process)
        assert lines[0].startswith("port ")
        assert lines[1:] == ["progress loading the model", "progress warming up", "ready"]
        port = int(lines[0].split()[1])
        async with aiohttp.ClientSession() as http, http.ws_connect(f"http://127.0.0.1:{port}/api/chat") as websocket:
            assert (await websocket.receive(timeout=5)).data == b"\x00"
            process.send_signal(signal.SIGTERM)
            assert (await websocket.receive(timeout=5)).data[:1] == b"\x05"
            assert (await websocket.receive(timeout=5)).data == 4003
        assert await asyncio.wait_for(process.wait(), 5) == 0


async def test_it_ends_with_its_parents_pipe():
    async with _process("--port", "0", "--parent-pipe", "--no-warm-up", "--json") as process:
        lines = await _lines(process)
        assert [next(iter(json.loads(line))) for line in lines] == ["port", "progress", "ready"]
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 3) == 0


async def test_a_lost_model_ends_it_with_a_code_of_its_own():
    async with _process("--port", "0", "--seed", "13") as process:
        port = int((await _lines(process))[0].split()[1])
        async with aiohttp.ClientSession() as http:
            websocket = await http.ws_connect(f"http://127.0.0.1:{port}/api/chat", protocols=("roomtone.engine.v1",))
            await websocket.send_str('{"type":"open","voice":"NATF2.pt","prompt":"You are kind."}')
            while (message := await websocket.receive(timeout=10)).type not in (
                aiohttp.WSMsgType.CLOSE,
                aiohttp.WSMsgType.CLOSED,
            ):
                pass
            assert message.data == 4004
        assert await _lines(process) == ["fault engine_lost The GPU fell off its bus."]
        assert await asyncio.wait_for(process.wait(), 5) == EXIT_LOST


async def test_a_port_that_is_taken_is_said_before_anything_is_loaded():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with _process("--port", str(taken.getsockname()[1])) as process:
            lines = await _lines(process)
            assert lines[0].startswith("fault engine_port ")
            assert await asyncio.wait_for(process.wait(), 5) == 1


@pytest.mark.parametrize(
    "bad", [["--rows", "0"], ["--temperature-audio", "-1"], ["--device", "tpu"], ["--top-k-text", "x"]]
)
def test_wrong_options_are_usage_errors(bad, capsys):
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(["--weights", "x", *bad])
    assert ended.value.code == 2


async def test_without_the_models_packages_it_says_what_to_install(tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys; sys.modules['torch'] = None\n"
        "from hub.engine.personaplex.serving.serve import main; sys.exit(main(sys.argv[1:]))",
        "--weights",
        str(tmp_path),
        "--port",
        "0",
        "--device",
        "cpu",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _err = await asyncio.wait_for(process.communicate(), 20)
    assert b"fault engine_weights" in out
    assert b"roomtone engine install" in out
    assert process.returncode == 1
