"""Opus packets of any length to frames of the model, and back."""

from __future__ import annotations

import numpy as np
import opuslib_next
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.personaplex.port import FRAME_SAMPLES
from hub.engine.personaplex.serving.codec import FrameCutter, FrameEncoder, PacketDecoder, to_float, to_int16
from protocol.errors import CodecError


def _tone(samples: int) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * 300 * np.arange(samples) / 24_000)).astype(np.float32)


@pytest.mark.parametrize("samples", [60, 120, 240, 480, 960, 1440, 1920, 2400, 2880])
def test_every_legal_length_is_decoded_whole(samples):
    encoder = opuslib_next.Encoder(24_000, 1, opuslib_next.APPLICATION_AUDIO)
    assert PacketDecoder().decode(encoder.encode_float(_tone(samples).tobytes(), samples)).shape == (samples,)


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_a_stream_encoded_at_another_rate_is_decoded_to_24_khz(rate):
    encoder = opuslib_next.Encoder(rate, 1, opuslib_next.APPLICATION_VOIP)
    pcm = np.zeros(rate // 50, np.int16)
    assert PacketDecoder().decode(encoder.encode(pcm.tobytes(), rate // 50)).shape == (480,)


def test_stereo_is_mixed_down():
    encoder = opuslib_next.Encoder(24_000, 2, opuslib_next.APPLICATION_AUDIO)
    assert PacketDecoder().decode(encoder.encode(bytes(480 * 4), 480)).shape == (480,)


@given(st.binary(max_size=80))
def test_no_packet_does_more_than_raise(packet):
    decoder = PacketDecoder()
    try:
        assert decoder.decode(packet).size <= 2880
    except CodecError:
        assert decoder.decode(FrameEncoder().encode(np.zeros(FRAME_SAMPLES, np.float32))[0]).size == 480


@given(st.lists(st.integers(0, 5000), max_size=12))
def test_frames_are_cut_without_losing_a_sample(sizes):
    cutter = FrameCutter()
    stream = np.arange(sum(sizes), dtype=np.float32)
    frames, at = [], 0
    for size in sizes:
        frames += cutter.cut(stream[at : at + size])
        at += size
    assert len(frames) == stream.size // FRAME_SAMPLES
    if frames:
        assert np.array_equal(np.concatenate(frames), stream[: len(frames) * FRAME_SAMPLES])


def test_a_frame_survives_its_way_as_four_packets_of_20_ms():
    encoder, decoder = FrameEncoder(), PacketDecoder()
    sent = _tone(FRAME_SAMPLES * 10)
    heard = []
    for at in range(0, sent.size, FRAME_SAMPLES):
        packets = encoder.encode(sent[at : at + FRAME_SAMPLES])
        assert len(packets) == 4
        heard += [decoder.decode(packet) for packet in packets]
    heard = np.concatenate(heard)
    late = 156  # the encoder's look-ahead
    error = heard[late + 4000 :] - sent[4000 : sent.size - late]
    assert 10 * np.log10(np.sum(sent[4000:] ** 2) / np.sum(error**2)) > 20


def test_a_model_gone_wild_is_still_encoded():
    wild = np.full(FRAME_SAMPLES, np.nan, np.float32)
    wild[::2] = np.inf
    assert len(FrameEncoder().encode(wild)) == 4
    assert to_int16(np.array([np.nan, np.inf, -np.inf, 2.0, -2.0], np.float32)).tolist() == [
        0,
        32767,
        -32768,
        32767,
        -32768,
    ]


@pytest.mark.parametrize("frame", [np.zeros(480, np.float32), np.zeros(FRAME_SAMPLES, np.int16)])
def test_another_shape_or_type_is_refused(frame):
    with pytest.raises(CodecError):
        FrameEncoder().encode(frame)


@given(st.integers(-32768, 32767))
def test_int16_comes_back_exactly(value):
    assert to_int16(to_float(np.array([value], np.int16)))[0] == value
