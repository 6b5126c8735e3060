from __future__ import annotations

import random
import threading

import numpy as np
import opuslib_next
import pytest

from protocol.errors import CodecError
from protocol.opus import FRAME_SAMPLES, OpusDecoder, OpusEncoder


def speech(frames: int) -> np.ndarray:
    at = np.arange(frames * FRAME_SAMPLES) / 24_000
    buzz = sum(np.sin(2 * np.pi * (150 + 20 * np.sin(7 * at)) * k * at) / k for k in range(1, 12))
    return (buzz * (1 + np.sin(2 * np.pi * 3 * at)) * 2500).astype(np.int16).reshape(-1, FRAME_SAMPLES)


def snr_db(signal: np.ndarray, other: np.ndarray) -> float:
    signal, other = signal.astype(float), other.astype(float)
    return float(10 * np.log10((signal**2).sum() / ((signal - other) ** 2).sum()))


def test_sound_comes_back():
    encoder, decoder = OpusEncoder(), OpusDecoder()
    at = np.arange(100 * FRAME_SAMPLES) / 24_000
    tone = np.sin(2 * np.pi * 310 * at) * (1 + np.sin(2 * np.pi * 3 * at)) * 5000
    pcm = tone.astype(np.int16).reshape(-1, FRAME_SAMPLES)
    packets = [encoder.encode(frame) for frame in pcm]
    back = np.concatenate([decoder.decode(packet) for packet in packets])
    sent = pcm.ravel()[4800:40_000].astype(float)
    late = range(100, 300)  # look-ahead and the resampler's delay
    likeness = [np.corrcoef(sent, back[4800 + lag : 40_000 + lag])[0, 1] for lag in late]
    assert max(likeness) > 0.9
    assert 20 < np.mean([len(p) for p in packets]) < 90  # 24 kbit/s are 60 bytes


def test_the_copy_in_the_next_packet_beats_concealment_and_that_beats_silence():
    encoder = OpusEncoder(expected_loss_pct=20)
    packets = [encoder.encode(frame) for frame in speech(60)]
    whole, concealing, recovering = OpusDecoder(), OpusDecoder(), OpusDecoder()
    scores: list[tuple[float, float]] = []
    for index, packet in enumerate(packets):
        truth = whole.decode(packet)
        if index % 10 == 9:
            copy, guess = recovering.recover(packets[(index + 1) % 60]), concealing.conceal()
            if index > 10:
                scores.append((snr_db(truth, copy), snr_db(truth, guess)))
        else:
            concealing.decode(packet)
            recovering.decode(packet)
    copies, guesses = np.mean(scores[:-1], axis=0)
    assert copies > guesses
    assert copies > 3


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(479, np.int16),
        np.zeros(1, np.int16),
        np.zeros(0, np.int16),
        np.zeros(960, np.int16),
        np.zeros((480, 1), np.int16),
        np.zeros(480, np.float32),
        np.zeros(480, np.int32),
    ],
)
def test_anything_but_480_samples_of_int16_is_refused_before_it_reaches_the_codec(pcm):
    with pytest.raises(CodecError):
        OpusEncoder().encode(pcm)


def test_a_view_with_gaps_is_encoded_as_what_it_shows():
    pcm = speech(2).ravel()[::2]
    assert OpusEncoder().encode(pcm) == OpusEncoder().encode(pcm.copy())


def test_packets_that_are_not_20_ms_are_refused():
    for milliseconds in (10, 40, 60):
        samples = 24 * milliseconds
        packet = opuslib_next.Encoder(24_000, 1, "audio").encode(bytes(2 * samples), samples)
        with pytest.raises(CodecError):
            OpusDecoder().decode(packet)
    for packet in (b"", b"\x00", bytes(1276)):
        with pytest.raises(CodecError):
            OpusDecoder().decode(packet)
    for packet in (b"", bytes(1276)):
        with pytest.raises(CodecError):
            OpusDecoder().recover(packet)


def test_hostile_packets_give_480_samples_or_a_typed_error():
    dice = random.Random(11)
    decoder = OpusDecoder()
    refused = 0
    for _ in range(3000):
        try:
            assert decoder.decode(dice.randbytes(dice.randrange(1, 200))).shape == (480,)
        except CodecError:
            refused += 1
    assert 0 < refused < 3000
    assert decoder.decode(OpusEncoder().encode(speech(1)[0])).shape == (480,)


def test_concealment_without_any_packet_is_silence():
    assert not OpusDecoder().conceal().any()


@pytest.mark.parametrize("use", [lambda e, d: e.encode(np.zeros(480, np.int16)), lambda e, d: d.conceal()])
def test_a_second_thread_is_refused(use):
    encoder, decoder = OpusEncoder(), OpusDecoder()
    use(encoder, decoder)
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            use(encoder, decoder)
        except CodecError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(caught) == 1
    use(encoder, decoder)


def test_an_impossible_bitrate_is_a_typed_error():
    with pytest.raises(CodecError):
        OpusEncoder(bitrate=-5)
