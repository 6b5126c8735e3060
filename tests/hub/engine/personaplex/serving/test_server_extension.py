"""Our extension, as the hub uses it."""

from __future__ import annotations

import asyncio

import aiohttp
import numpy as np
import pytest

from hub.engine.personaplex import wire
from hub.engine.personaplex.port import FRAME_MS, FRAME_SAMPLES, PAD, ModelLostError
from hub.engine.personaplex.serving import extension_conversation
from hub.engine.personaplex.serving.codec import FrameEncoder, PacketDecoder
from tests.hub.engine.personaplex.engine_server import QUICK_TICK_S, serving


class Client:
    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = websocket
        self.audio: list[tuple[int, np.ndarray]] = []
        self.messages: list[wire.ServerMessage] = []
        self.sent = 0

    async def say(self, message) -> None:
        await self.ws.send_str(message if isinstance(message, str) else message.model_dump_json())

    async def hear(self, frames: int, level: int = 0) -> None:
        for _ in range(frames * 4):
            pcm = np.full(480, level, "<i2").tobytes()
            await self.ws.send_bytes(wire.pack_audio(self.sent, pcm))
            self.sent += 1

    async def next(self) -> bool:
        message = await self.ws.receive(timeout=10)
        if message.type is aiohttp.WSMsgType.BINARY:
            index, payload = wire.unpack_audio(message.data)
            self.audio.append((index, np.frombuffer(payload, "<i2")))
        elif message.type is aiohttp.WSMsgType.TEXT:
            self.messages.append(wire.parse_server(message.data))
        else:
            return False
        return True

    async def until(self, kind: type, count: int = 1):
        while sum(isinstance(message, kind) for message in self.messages) < count:
            assert await self.next(), self.ws.close_code
        return [message for message in self.messages if isinstance(message, kind)][count - 1]

    async def frames(self, count: int) -> None:
        while len(self.audio) < count:
            assert await self.next(), self.ws.close_code

    async def end(self) -> int | None:
        while await self.next():
            pass
        return self.ws.close_code


async def _opened(engine, **fields) -> Client:
    client = Client(await engine.extension())
    await client.say(wire.Open(voice="NATF2.pt", prompt="You are kind.", **fields))
    await client.until(wire.Opened)
    return client


async def test_an_open_session_sends_numbered_frames_in_real_time_without_being_fed():
    async with serving() as engine:
        client = await _opened(engine)
        opened = client.messages[0]
        assert isinstance(opened, wire.Opened)
        assert opened.prompt_frames == 53
        began = asyncio.get_running_loop().time()
        await client.frames(13)
        # Twelve ticks at least lie between them; that they are no more is shown in virtual time, by `test_rows`.
        assert asyncio.get_running_loop().time() - began > 10 * QUICK_TICK_S
        assert [index for index, _pcm in client.audio] == list(range(len(client.audio)))
        assert all(pcm.size == FRAME_SAMPLES for _index, pcm in client.audio)


async def test_pcm_is_heard_exactly():
    async with serving() as engine:
        client = await _opened(engine)
        await client.hear(4, 8192)
        await client.frames(8)
        assert engine.model.rows[0].heard.count(0.25) == 4


async def test_opus_packets_are_heard():
    async with serving() as engine:
        client = await _opened(engine, audio="opus")
        encoder, decoder = FrameEncoder(), PacketDecoder()
        expected = []
        for number in range(4):
            packets = encoder.encode(np.linspace(-0.5, 0.9, FRAME_SAMPLES, dtype=np.float32))
            expected.append(float(np.concatenate([decoder.decode(packet) for packet in packets]).mean()))
            for part, packet in enumerate(packets):
                await client.ws.send_bytes(wire.pack_audio(number * 4 + part, packet))
        await client.frames(8)
        assert [level for level in engine.model.rows[0].heard if level] == pytest.approx(expected)


async def test_a_sentence_is_said_with_its_ids():
    async with serving() as engine:
        engine.model.sample = lambda _row, _frame: 0
        client = await _opened(engine)
        await client.say(wire.Say(utterance=5, text="The door is open."))
        said = await client.until(wire.Said)
        assert list(said.ids) == engine.model.encode("The door is open.")
        saying = await client.until(wire.Saying)
        pieces = [message for message in client.messages if isinstance(message, wire.TextPiece)]
        assert "".join(piece.piece for piece in pieces) == " The door is open."
        assert {piece.utterance for piece in pieces} == {5}
        assert saying.frame < pieces[0].frame <= pieces[-1].frame < said.frame


async def test_interrupt_listen_persona_and_heard_reach_the_row():
    async with serving() as engine:
        engine.model.sample = lambda _row, _frame: 40
        client = await _opened(engine)
        await client.say(wire.Say(utterance=1, text="one two three four five six seven eight nine ten"))
        await client.until(wire.Saying)
        await client.say(wire.Interrupt())
        assert (await client.until(wire.Said)).interrupted
        await client.say(wire.Listen(only=True))
        await client.say(wire.Heard(text="Hello."))
        await client.say(wire.Persona(voice="NATM1.pt", prompt="You are a butler."))
        await client.until(wire.Renewed)
        prompt = engine.model.joins[-1][1]
        assert prompt.voice == "NATM1.pt"
        assert "User: Hello." in prompt.text


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"voice": "none.pt"}, "engine_voice"),
        ({"voice": "../NATF2.pt"}, "engine_voice"),
        ({"prompt": "long " * 1590}, "engine_prompt"),
        ({"prompt": "corrupt"}, "engine_prompt"),
    ],
)
async def test_a_session_that_cannot_be_is_refused_in_words(fields, code):
    async with serving() as engine:
        good = await _opened(engine)
        client = Client(await engine.extension())
        await client.say(wire.Open(**{"voice": "NATF2.pt", "prompt": "You are kind.", **fields}))
        assert await client.end() == 1008
        assert [(type(message), message.code) for message in client.messages] == [(wire.Refused, code)]
        await good.frames(5)


async def test_busy_is_refused_at_once_and_can_be_tried_again():
    async with serving(rows=1) as engine:
        first = await _opened(engine)
        client = Client(await engine.extension())
        engine.model.gate.clear()  # at once: the model does not even move meanwhile
        await client.say(wire.Open(voice="NATF2.pt", prompt="x"))
        assert await client.end() == 1013
        engine.model.gate.set()
        assert client.messages[0] == wire.Refused(
            code="engine_busy", message="All 1 places of the engine are taken; try again later.", retry=True
        )
        await first.frames(3)


@pytest.mark.parametrize("first", ["{}", "no json", '{"type": "interrupt"}', '{"type":"open","voice":"","prompt":"x"}'])
async def test_what_is_no_open_is_refused(first):
    async with serving() as engine:
        client = Client(await engine.extension())
        await client.say(first)
        assert await client.end() == 1002
        assert client.messages[0].code == "engine_wire"


async def test_audio_before_open_is_refused():
    async with serving() as engine:
        client = Client(await engine.extension())
        await client.hear(1)
        assert await client.end() == 1002


async def test_a_client_that_never_opens_is_closed(monkeypatch):
    monkeypatch.setattr(extension_conversation, "OPEN_S", 0.1)
    async with serving() as engine:
        assert await Client(await engine.extension()).end() == 1008


async def test_what_is_not_understood_is_answered_and_the_session_goes_on():
    async with serving() as engine:
        client = await _opened(engine)
        for number, bad in enumerate(["{}", '{"type":"dance"}', '{"type":"say","utterance":0,"text":"x"}'], 1):
            await client.say(bad)
            assert (await client.until(wire.Fault, number)).code == "engine_wire"
        for number, frame in enumerate([b"", b"\x01", b"\x02\0\0\0\0x", wire.pack_audio(0, b"short")], 4):
            await client.ws.send_bytes(frame)
            assert (await client.until(wire.Fault, number)).code == "engine_wire"
        await client.frames(len(client.audio) + 3)


async def test_audio_that_comes_twice_is_left_out():
    async with serving() as engine:
        client = await _opened(engine)
        await client.hear(1)
        client.sent = 0
        await client.hear(1)
        await client.until(wire.Fault, 4)
        client.sent = 50  # the client had to drop some
        await client.hear(1, 8192)
        await client.frames(len(client.audio) + 4)
        assert engine.model.rows[0].heard.count(0.25) == 1


async def test_nonsense_without_end_is_closed():
    async with serving() as engine:
        client = await _opened(engine)
        for _ in range(100):
            await client.say("{}")
        assert await client.end() == 1002


async def test_a_second_open_is_a_fault():
    async with serving() as engine:
        client = await _opened(engine)
        await client.say(wire.Open(voice="NATF2.pt", prompt="x"))
        assert (await client.until(wire.Fault)).code == "engine_wire"


async def test_an_engine_that_is_late_says_so():
    async with serving() as engine:
        client = await _opened(engine)
        engine.model.gate.clear()
        await asyncio.sleep(0.6)
        engine.model.gate.set()
        late = await client.until(wire.Lagging)
        assert late.late_ms > 160


async def test_a_lost_model_is_told_before_the_close():
    async with serving() as engine:
        client = await _opened(engine)
        engine.model.fail = ModelLostError("The GPU is gone.")
        assert await client.end() == 4004
        assert client.messages[-1] == wire.Fault(code="engine_lost", message="The GPU is gone.")


async def test_four_sessions_at_once_one_killed_one_stalled_the_others_undisturbed():
    async with serving(rows=4, tick_s=FRAME_MS / 1000) as engine:  # a quick tick would be skipped under load
        engine.model.sample = lambda _row, _frame: PAD
        clients = [await _opened(engine) for _ in range(4)]
        clients[0].ws._response.connection.transport.abort()
        clients[1].ws._response.connection.transport.pause_reading()
        for client in clients[2:]:
            await client.hear(3, 8192)
            client.audio.clear()
        await asyncio.gather(*(client.frames(20) for client in clients[2:]))
        health = await engine.health()
        assert health["skipped_ticks"] == 0
        assert health["busy"] == 3
        for row in (2, 3):
            assert engine.model.rows[row].heard.count(0.25) == 3
