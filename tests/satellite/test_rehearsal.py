from __future__ import annotations

import io

import numpy as np
import pytest

from protocol.frames import Frame, FrameDecoder, FrameType
from protocol.records import MeasureFlag, Measurement, decode_levels
from satellite.rehearsal import ANSWER, BLOCK, END_OF_ANSWERS, GATE, RehearsedRoom, _To24k, rehearse


def frames_of(data):
    return list(FrameDecoder().feed(data))


@pytest.mark.parametrize("hertz", [200, 1000, 3000, 5500])
def test_a_tone_keeps_its_level_and_gets_no_company(hertz):
    time_s = np.arange(16_000) / 16_000
    pcm = (8000 * np.sin(2 * np.pi * hertz * time_s)).astype(np.int16)
    convert = _To24k()
    out = np.concatenate([convert.take(block) for block in pcm.reshape(-1, 320)]).astype(float)[2400:21_600]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size))) ** 2
    at = round(hertz * out.size / 24_000)
    near = spectrum[at - 3 : at + 4].sum()
    assert np.sqrt(2 * np.mean(out**2)) == pytest.approx(8000, rel=0.02)
    assert 10 * np.log10(near / (spectrum.sum() - near)) > 40


def test_silence_costs_nothing_and_stays_silence():
    assert not _To24k().take(None).any()


def test_what_the_loudspeaker_plays_is_flagged_and_cancelled():
    sent = []
    room = RehearsedRoom(sent.append)
    room.gate(opened=True)
    rng = np.random.default_rng(1)
    for seq in range(250):
        # A quiet room first: what is always there is its own noise, and is left in.
        far = (rng.standard_normal(320) * 3000).astype(np.int16) if seq >= 100 else None
        near = rng.standard_normal(320) * 3 if far is None else far * 0.3
        room.hear(near.astype(np.int16), far, seq, seq * 0.02, None)
    sound = [frame for data in sent for frame in frames_of(data) if frame.type == FrameType.AUDIO]
    measured = [Measurement.unpack(frame.payload[:16]) for frame in sound]
    assert all(m.flags & MeasureFlag.PLAYING for m in measured[-140:])
    heard_db = 20 * np.log10(900 / 32768)
    assert np.mean([m.level_db for m in measured[-20:]]) < heard_db - 20.0


def test_the_process_answers_in_lockstep():
    noise = (np.random.default_rng(1).standard_normal(320) * 50).astype("<i2").tobytes()
    asked = b"".join(
        [
            *(b"B" + BLOCK.pack(3, seq, seq * 0.02 - 0.05, -1.0, 0) + noise for seq in range(8)),
            b"S",
            b"G" + GATE.pack(3, 1),
            b"B" + BLOCK.pack(3, 8, 0.11, -1.0, 0) + noise,
            b"S",
        ]
    )
    out = io.BytesIO()
    rehearse(io.BytesIO(asked), out)
    out.seek(0)
    answers: list[list[Frame]] = [[]]
    while head := out.read(ANSWER.size):
        room, length = ANSWER.unpack(head)
        if room == END_OF_ANSWERS:
            answers.append([])
        else:
            assert room == 3
            answers[-1].extend(frames_of(out.read(length)))
    first, second, rest = answers
    assert rest == []
    assert [frame.type for frame in first] == [FrameType.LEVEL]
    batch = decode_levels(first[0].payload, first[0].flags)
    assert (len(batch.records), batch.stride_frames) == (2, 4)  # 12.5 Hz
    assert first[0].time_us == round((3 * 0.02 - 0.05 + 1000.0) * 1e6)
    assert {frame.type for frame in second} == {FrameType.AUDIO}
