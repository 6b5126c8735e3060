from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.errors import (
    LinkTimeoutError,
    ProtocolError,
)
from protocol.frames import Frame, FrameDecoder, FrameType, encode
from protocol.limits import LinkLimits
from protocol.link import Link
from protocol.messages import ErrorMessage, Stop, decode_message, encode_message
from protocol.security import client_context


def audio(payload: bytes = b"opus", **fields) -> Frame:
    return Frame(FrameType.AUDIO, payload, stream=1, **fields)


class Raw:
    """A peer that says exactly what a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answers(self) -> list[ErrorMessage]:
        """Every error until the other side closes."""
        decoder, errors = FrameDecoder(), []
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(3):
                while data := await self.reader.read(65536):
                    control = [frame for frame in decoder.feed(data) if frame.type == FrameType.CONTROL]
                    errors.extend(decode_message(frame.payload) for frame in control)
        return errors

    def close(self) -> None:
        self.writer.transport.abort()


@pytest.fixture
async def raw(loopback, recorder):
    opened = []

    async def open_raw(**options) -> Raw:
        async def on_link(link: Link) -> None:
            link.authenticated = True
            link.attach(recorder)

        server = await loopback.serve(on_link, **options)
        peer = Raw(*await asyncio.open_connection("127.0.0.1", server.port, ssl=client_context()))
        opened.append(peer)
        return peer

    yield open_raw
    for peer in opened:
        peer.close()


STOP = encode_message(Stop())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "bad_magic"),
        (b"RT\x09", "unsupported_version"),
        (encode(Frame(1, b""))[:-4] + b"\xff\xff\xff\xff", "frame_too_large"),
        (encode(Frame(1, STOP)) * 2, "bad_sequence"),
        (encode(Frame(1, STOP, sequence=1)), "bad_sequence"),
        (
            encode(Frame(2, b"x", stream=1, sequence=5)) + encode(Frame(2, b"x", stream=1, sequence=4)),
            "bad_sequence",
        ),
        (encode(Frame(2, b"x")), "bad_message"),
        (encode(Frame(1, b"not json")), "bad_message"),
        (encode(Frame(1, b'{"type":"flush"}')), "bad_message"),
        (encode(Frame(5, bytes(16))), "bad_message"),
        (encode(Frame(5, b"")), "bad_message"),
    ],
)
async def test_a_peer_that_breaks_the_rules_gets_the_code_and_is_put_out(raw, recorder, data, code):
    peer = await raw()
    peer.writer.write(data)
    answers = await peer.answers()
    assert [answer.code for answer in answers] == [code]
    assert recorder.errors[0].code == code
    assert isinstance(recorder.errors[0], ProtocolError)


async def test_unknown_types_are_answered_and_survived_up_to_a_bound(raw, recorder):
    peer = await raw(limits=LinkLimits(unknown_max=5))
    kinds = [
        Frame(77, b"?", sequence=0),
        Frame(1, b'{"type":"teleport"}', sequence=1),
        Frame(1, STOP, sequence=2),
    ]
    peer.writer.write(b"".join(map(encode, kinds)))
    await recorder.until(lambda: recorder.messages == [Stop()])
    peer.writer.write(b"".join(encode(Frame(77, b"", sequence=3 + n)) for n in range(10)))
    answers = await peer.answers()
    assert [answer.code for answer in answers] == ["unknown_message"] * 5 + ["rate_limited"]


@pytest.mark.parametrize("frame", [Frame(2, b"x", stream=1), Frame(1, STOP), Frame(4, b"")])
async def test_a_flood_is_cut_off(raw, frame):
    peer = await raw(limits=LinkLimits(frames_per_s=1, frames_burst=50, control_per_s=1, control_burst=40))
    peer.writer.write(b"".join(encode(frame._replace(sequence=n)) for n in range(100)))
    assert (await peer.answers())[-1].code == "rate_limited"


async def test_a_silent_peer_is_given_up(raw, recorder):
    now = [0]
    peer = await raw(now_us=lambda: now[0])
    peer.writer.write(encode(Frame(1, STOP)))
    await recorder.until(lambda: bool(recorder.messages))
    now[0] = 5_900_000
    await asyncio.sleep(0.4)
    assert not recorder.errors
    now[0] = 6_100_000
    await recorder.until(lambda: bool(recorder.errors))
    assert type(recorder.errors[0]) is LinkTimeoutError


class Wire(asyncio.Transport):
    """A transport that takes everything and remembers nothing."""

    def get_extra_info(self, name, default=None):
        return default

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def is_closing(self):
        return False

    def write(self, data):
        pass

    def close(self):
        pass

    def abort(self):
        pass


GOOD = st.builds(
    Frame,
    type=st.integers(0, 7),
    payload=st.binary(max_size=40) | st.sampled_from([STOP, b'{"type":"hello"}', b'{"type":"goodbye"}']),
    stream=st.integers(0, 2),
    sequence=st.integers(0, 3),
    flags=st.integers(0, 255),
    generation=st.just(0),
    samples=st.just(0),
    time_us=st.integers(0, 2**64 - 1),
).map(encode)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(GOOD | st.binary(max_size=60), max_size=12))
def test_whatever_comes_the_link_ends_with_a_typed_error_and_holds_little(chunks):
    async def story() -> None:
        link = Link()
        link.connection_made(Wire())
        for chunk in chunks:
            link.data_received(chunk)
            if link.closed:
                break
        assert len(link._waiting) <= 128
        assert link._end is None or isinstance(link._end, ProtocolError)
        link.connection_lost(None)
        assert link.closed

    asyncio.run(story())
