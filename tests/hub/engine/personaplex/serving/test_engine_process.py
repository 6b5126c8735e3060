"""The engine process with a real model of a tiny size, and clients that are not ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import numpy as np
import pytest

from hub.engine.personaplex import wire

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[5]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_TORCH_COMPILE": "1", "OMP_NUM_THREADS": "1"}
SERVE = (sys.executable, "-m", "hub.engine.personaplex.serving.serve")
VOICE = "TINYF0.pt"
SECONDS = float(os.environ.get("ROOMTONE_CLIENT_S", "8"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    subprocess.run(
        [sys.executable, str(Path(__file__).parents[1] / "tiny.py"), str(folder)],
        check=True,
        env=ENVIRONMENT,
        timeout=120,
    )
    return folder


@pytest.fixture(scope="module")
def port(weights) -> Iterator[int]:
    """One engine with two rows; it must outlive every client of this file and end cleanly."""
    with subprocess.Popen(
        [
            *SERVE,
            "--weights",
            str(weights),
            "--device",
            "cpu",
            "--greedy",
            "--port",
            "0",
            "--rows",
            "2",
            "--parent-pipe",
        ],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if lines[-1] == "ready" or lines[-1].startswith("fault"):
                break
        assert lines[-1] == "ready"
        yield int(lines[0].split()[1])
        process.stdin.close()
        assert process.wait(10) == 0


@contextlib.asynccontextmanager
async def _connect(port: int, **query: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    address = urlencode({"voice_prompt": VOICE, "text_prompt": "You are a kind assistant.", **query})
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"http://127.0.0.1:{port}/api/chat?{address}", max_msg_size=0) as websocket,
    ):
        yield websocket


async def _converse(port: int, seconds: float, *, paced: bool, damage: bool = False) -> tuple[int, int, list[str]]:
    """A client by the reference protocol's description, with sphn; answers samples in and out, and the text."""
    import sphn

    noise = (0.1 * np.random.default_rng(4).standard_normal(1920 * int(12.5 * seconds))).astype(np.float32)
    writer, reader = sphn.OpusStreamWriter(24_000), sphn.OpusStreamReader(24_000)
    lost = 0
    heard: list[np.ndarray] = []
    texts: list[str] = []
    async with _connect(port) as websocket:
        assert (await websocket.receive(timeout=20)).data == b"\x00"

        async def send() -> None:
            nonlocal lost
            began = asyncio.get_running_loop().time()
            for number, at in enumerate(range(0, noise.size, 1920)):
                data = bytearray(writer.append_pcm(noise[at : at + 1920]))
                if damage and number % 8 == 5 and data:
                    data[len(data) // 3] ^= 0x40
                    lost += 960
                await websocket.send_bytes(b"\x01" + bytes(data))
                if paced:
                    await asyncio.sleep(max(0.0, began + (number + 1) * 0.08 - asyncio.get_running_loop().time()))

        sending = asyncio.create_task(send())
        while sum(pcm.size for pcm in heard) < (noise.size - lost) // 1920 * 1920:
            message = await websocket.receive(timeout=20)
            assert message.type is aiohttp.WSMsgType.BINARY, websocket.close_code
            if message.data[0] == 1:
                heard.append(reader.append_bytes(message.data[1:]))
            elif message.data[0] == 2:
                texts.append(message.data[1:].decode())
        await sending
    return noise.size - lost, sum(pcm.size for pcm in heard), texts


@pytest.mark.parametrize("paced", [True, False])
async def test_one_frame_out_for_each_in_and_text(port, paced):
    sent, heard, texts = await _converse(port, SECONDS, paced=paced)
    assert heard == sent
    assert len(texts) > SECONDS


async def test_two_sessions_at_once_say_the_same_as_one_alone(port):
    alone = await _converse(port, 5, paced=False)
    both = await asyncio.gather(_converse(port, 5, paced=True), _converse(port, 5, paced=False))
    assert both[0] == both[1] == alone


async def test_damaged_pages_cost_their_own_audio(port):
    sent, heard, _texts = await _converse(port, 5, paced=False, damage=True)
    assert heard // 1920 == sent // 1920


@pytest.mark.parametrize(
    "query",
    [
        {"voice_prompt": "none.pt"},
        {"voice_prompt": f"../voices/{VOICE}"},
        {"text_prompt": ""},
        {"text_prompt": "words without end " * 200},
    ],
)
async def test_a_bad_prompt_is_refused_and_the_engine_goes_on(port, query):
    async with _connect(port, **query) as websocket:
        assert (await websocket.receive(timeout=5)).data[:1] == b"\x05"
        await websocket.receive(timeout=5)
        assert websocket.close_code == 1008
    sent, heard, _texts = await _converse(port, 1, paced=False)
    assert heard == sent // 1920 * 1920


async def test_a_sentence_is_spoken_by_its_ids(port):
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"http://127.0.0.1:{port}/api/chat", protocols=(wire.SUBPROTOCOL,)) as websocket,
    ):
        await websocket.send_str(wire.Open(voice=VOICE, prompt="You are kind.").model_dump_json())
        await websocket.send_str(wire.Say(utterance=1, text="The garage door is still open.").model_dump_json())
        pieces: list[str] = []
        ids: list[int] = []
        while True:
            message = await websocket.receive(timeout=20)
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            control = wire.parse_server(message.data)
            if isinstance(control, wire.TextPiece) and control.utterance == 1:
                pieces.append(control.piece)
                ids.append(control.id)
            if isinstance(control, wire.Said):
                break
    assert "".join(pieces).strip() == "The garage door is still open."
    assert list(control.ids) == ids
    assert not control.interrupted


SOUND = '''
"""A sound device that plays and records silence in real time, and says how it went."""
import json, os, threading, time
import numpy as np
PLAYED = []
class _Stream:
    def __init__(self, samplerate, channels, blocksize, callback):
        self.block, self.callback, self.running = blocksize, callback, True
        self.rate, self.frames = samplerate, 0
    def __enter__(self):
        threading.Thread(target=self.run, daemon=True).start()
        return self
    def __exit__(self, *_):
        self.running = False
    def run(self):
        began = time.monotonic()
        while self.running:
            self.frames += 1
            time.sleep(max(0, began + self.frames * self.block / self.rate - time.monotonic()))
            self.turn()
class InputStream(_Stream):
    def turn(self):
        noise = 0.1 * np.random.default_rng(self.frames).standard_normal((self.block, 1))
        self.callback(noise.astype(np.float32), self.block, None, None)
class OutputStream(_Stream):
    def turn(self):
        data = np.full((self.block, 1), np.nan, np.float32)
        self.callback(data, self.block, None, None)
        PLAYED.append(float(np.abs(data).max()))
        if self.frames * self.block >= float(os.environ["SOUND_S"]) * self.rate:
            with open(os.environ["SOUND_REPORT"], "w") as file:
                json.dump(PLAYED, file)
            os._exit(0)
'''


def test_the_moshi_packages_own_client_holds_a_conversation(port, tmp_path):
    (tmp_path / "sounddevice.py").write_text(textwrap.dedent(SOUND))
    report = tmp_path / "played.json"
    done = subprocess.run(
        [sys.executable, "-m", "moshi.client", "--host", "127.0.0.1", "--port", str(port)],
        env={
            **ENVIRONMENT,
            "PYTHONPATH": f"{tmp_path}:{ROOT}",
            "SOUND_S": str(SECONDS),
            "SOUND_REPORT": str(report),
        },
        capture_output=True,
        text=True,
        timeout=SECONDS + 60,
        check=True,
    )
    assert "Lost connection" not in done.stdout + done.stderr
    played = json.loads(report.read_text())
    silent = sum(level == 0 for level in played)
    assert len(played) == pytest.approx(SECONDS * 12.5, abs=2)
    assert silent < 0.3 * len(played)


async def test_a_killed_and_a_stalled_client_leave_the_engine_as_it_was(port):
    async with _connect(port) as killed, _connect(port) as stalled:
        assert (await killed.receive(timeout=20)).data == b"\x00"
        assert (await stalled.receive(timeout=20)).data == b"\x00"
        killed._response.connection.transport.abort()
        stalled._response.connection.transport.pause_reading()
        await asyncio.sleep(0.3)
        sent, heard, _texts = await _converse(port, 3, paced=True)
        assert sent == heard or heard == sent // 1920 * 1920
