from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BadMagicError, FrameTooLargeError, ProtocolError, UnsupportedVersionError
from protocol.frames import HEADER_BYTES, MAX_PAYLOAD_BYTES, Frame, FrameDecoder, FrameType, encode

FRAMES = st.builds(
    Frame,
    type=st.integers(0, 255),
    payload=st.binary(max_size=300),
    flags=st.integers(0, 255),
    stream=st.integers(0, 255),
    generation=st.integers(0, 2**16 - 1),
    sequence=st.integers(0, 2**32 - 1),
    samples=st.integers(0, 2**64 - 1),
    time_us=st.integers(0, 2**64 - 1),
)


def decode_in(pieces: list[bytes]) -> tuple[list[Frame], type[ProtocolError] | None]:
    decoder, frames = FrameDecoder(), []
    for piece in pieces:
        try:
            frames.extend(decoder.feed(piece))
        except ProtocolError as error:
            return frames, type(error)
    return frames, None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(FRAMES, max_size=6), st.lists(st.integers(0, 5000), max_size=8))
def test_any_split_gives_the_same_frames(frames, places):
    data = b"".join(map(encode, frames))
    assert decode_in(cut(data, places)) == (frames, None)


@given(
    st.lists(FRAMES, max_size=2),
    st.binary(max_size=80),
    st.sampled_from([b"", b"RT", b"RT\x01", b"RT\x02", b"RT\x01" + b"\xff" * 29]),
    st.lists(st.integers(0, 999), max_size=8),
)
def test_any_split_of_any_bytes_gives_the_same_verdict(frames, garbage, start, places):
    data = b"".join(map(encode, frames)) + start + garbage
    assert decode_in([data[i : i + 1] for i in range(len(data))]) == decode_in([data]) == decode_in(cut(data, places))


def test_ten_thousand_hostile_inputs_raise_only_typed_errors_and_hold_little():
    dice = random.Random(7)
    good = encode(Frame(FrameType.AUDIO, b"x" * 60, stream=1))
    refused = 0
    for _ in range(10_000):
        data = bytearray(good * dice.randrange(1, 3))
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if dice.random() < 0.3:
            data = bytearray(dice.randbytes(dice.randrange(100)))
        decoder = FrameDecoder()
        try:
            for frame in decoder.feed(bytes(data[: dice.randrange(len(data) + 1)])):
                assert len(frame.payload) <= MAX_PAYLOAD_BYTES
        except ProtocolError:
            refused += 1
        assert decoder.buffered_bytes < HEADER_BYTES + MAX_PAYLOAD_BYTES
    assert 2_000 < refused < 9_000


@pytest.mark.parametrize(
    ("head", "error"),
    [
        (b"G", BadMagicError),
        (b"RX", BadMagicError),
        (b"RT\x02", UnsupportedVersionError),
        (encode(Frame(2, b""))[:-4] + b"\x00\x01\x00\x01", FrameTooLargeError),
    ],
)
def test_the_first_wrong_byte_is_refused_and_the_decoder_stays_closed(head, error):
    decoder = FrameDecoder()
    with pytest.raises(error):
        list(decoder.feed(head))
    with pytest.raises(error):
        list(decoder.feed(encode(Frame(1, b"{}"))))


def test_the_largest_payload_passes_and_one_byte_more_does_not():
    frame = Frame(FrameType.CONTROL, b"a" * MAX_PAYLOAD_BYTES)
    assert list(FrameDecoder().feed(encode(frame))) == [frame]
    with pytest.raises(FrameTooLargeError):
        encode(Frame(FrameType.CONTROL, b"a" * (MAX_PAYLOAD_BYTES + 1)))
