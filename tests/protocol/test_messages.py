from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.errors import BadMessageError, UnknownMessageError
from protocol.messages import Flush, Hello, Play, SetVolume, Wake, decode_message, encode_message

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=4,
)
FIELDS = [
    "type",
    "code",
    "message",
    "nonce",
    "proof",
    "device_id",
    "name",
    "generation",
    "volume",
    "state",
    "because",
    "kind",
    "area",
]
TYPES = [
    "error",
    "hello",
    "wake",
    "play",
    "floor",
    "playback",
    "pair_start",
    "mute",
    "set_volume",
    "duck",
    "x",
]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_typed_error(payload):
    with pytest.raises((BadMessageError, UnknownMessageError)):
        decode_message(payload)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the JSON strategy warms up slowly
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6), st.sampled_from(TYPES))
def test_any_object_is_a_message_or_a_typed_error(body, kind):
    try:
        message = decode_message(json.dumps(body | {"type": kind}).encode())
    except (BadMessageError, UnknownMessageError):
        return
    assert message.type == kind


def test_unknown_fields_are_ignored_and_unknown_types_are_told_apart():
    assert decode_message(b'{"type":"flush","generation":3,"new":{"a":1}}') == Flush(generation=3)
    with pytest.raises(UnknownMessageError):
        decode_message(b'{"type":"teleport"}')
    with pytest.raises(BadMessageError):
        decode_message(b'{"generation":3}')


def test_an_error_never_repeats_what_the_peer_said():
    with pytest.raises(BadMessageError) as caught:
        decode_message(b'{"type":"play","generation":"my secret words"}')
    assert "secret" not in caught.value.sentence
    assert "generation" in caught.value.sentence


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "1e999", '"NaN"', "2"])
def test_no_float_outside_its_range(bad):
    with pytest.raises(BadMessageError):
        decode_message(b'{"type":"set_volume","volume":' + bad.encode() + b"}")


@pytest.mark.parametrize(
    "message",
    [
        Hello(device_id="0" * 32, name="Küche", nonce="ab" * 32),
        Play(generation=65535, kind="sound"),
        SetVolume(volume=0.25),
        Wake(word="alexa", score=0.97, start_samples=1, end_samples=2**62, time_us=3, measurements="AAAA"),
    ],
)
def test_a_message_comes_back_equal(message):
    assert decode_message(encode_message(message)) == message


def test_deep_nesting_is_refused_without_a_crash():
    with pytest.raises(BadMessageError):
        decode_message(b'{"type":"stop","x":' + b"[" * 30_000 + b"]" * 30_000 + b"}")
