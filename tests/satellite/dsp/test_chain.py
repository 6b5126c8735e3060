from __future__ import annotations

import numpy as np
import pytest
from hub_peer import in_room, level_db

from protocol.frames import FrameFlag, FrameType
from protocol.measure import MeasureFlag, Measurement, decode_levels
from satellite.audio.player import Player
from satellite.audio.port import Block
from satellite.audio.room import Room
from satellite.dsp.chain import Call, Chain, Sound
from satellite.dsp.echo import EchoActivity, Off, TwoStage
from satellite.dsp.wake import WakeDetector, WakeWords
from satellite.errors import WakeWordError

SILENCE = np.zeros(480, np.int16)


class Rig:
    def __init__(self) -> None:
        self.out: list = []
        self.player = Player(lambda heard: None, lambda: 0)
        self.chain = Chain(self.player, Off(), WakeDetector(("alexa",)), self.out.append)
        self.at = 0

    def hear(self, pcm: np.ndarray, far: np.ndarray | None = None) -> list:
        begin = len(self.out)
        for i in range(0, pcm.size - 479, 480):
            own = SILENCE if far is None else far[i : i + 480]
            self.chain.process(Block(pcm[i : i + 480], own, self.at, self.at * 1000 // 24))
            self.at += 480
        return self.out[begin:]


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_quiet_room_reports_12_scalars_a_second_two_in_a_frame(rig: Rig) -> None:
    out = rig.hear(in_room(4.0))
    assert {item.type for item in out} == {FrameType.LEVEL}
    batches = [decode_levels(item.payload, item.flags) for item in out]
    assert {(len(batch.records), batch.stride_frames) for batch in batches} == {(2, 4)}
    assert len(batches) in (24, 25)
    assert sum(bool(item.flags & FrameFlag.FLOORS) for item in out) in (3, 4)


def test_what_was_measured_before_a_call_is_known_before_the_call(rig: Rig) -> None:
    rig.hear(in_room(0.44))
    rig.chain.press_button()
    out = rig.hear(in_room(0.02))
    assert [type(item) for item in out] == [Sound, Call]
    assert len(decode_levels(out[0].payload, out[0].flags).records) == 1


@pytest.mark.speech
def test_nothing_but_a_call_leaves_without_the_gate(rig: Rig, alexa: np.ndarray) -> None:
    out = rig.hear(in_room(1.0, alexa, 1.0))
    calls = [item for item in out if isinstance(item, Call)]
    assert [call.word for call in calls] == ["alexa"]
    assert {item.type for item in out if isinstance(item, Sound)} == {FrameType.LEVEL}


def test_the_gate_gives_two_seconds_of_past_then_the_present(rig: Rig) -> None:
    rig.hear(in_room(5.0))
    rig.chain.open_gate()
    out = rig.hear(in_room(0.2))
    assert {item.type for item in out} == {FrameType.AUDIO}
    past = [item for item in out if item.flags & FrameFlag.PREROLL]
    assert len(past) == 99
    assert [item.samples for item in out] == [out[0].samples + 480 * i for i in range(len(out))]
    rig.chain.close_gate()
    assert {item.type for item in rig.hear(in_room(0.5))} == {FrameType.LEVEL}


def test_what_was_said_before_a_question_stays_in_the_room(rig: Rig) -> None:
    rig.hear(in_room(3.0))
    rig.chain.open_gate(preroll=False)
    out = rig.hear(in_room(0.2))
    assert {item.type for item in out} == {FrameType.AUDIO}
    assert not any(item.flags & FrameFlag.PREROLL for item in out)
    assert [item.samples for item in out] == [3 * 24_000 + 480 * i for i in range(10)]
    rig.chain.close_gate()
    rig.hear(in_room(0.5))
    rig.chain.open_gate()  # the next call has its own past again
    assert sum(bool(item.flags & FrameFlag.PREROLL) for item in rig.hear(in_room(0.1))) == 99


def test_mute_is_digital_silence_and_forgets_what_was_said(rig: Rig) -> None:
    rig.hear(in_room(3.0))
    rig.chain.mute(muted=True)
    rig.hear(in_room(0.4))
    rig.chain.press_button()
    rig.chain.open_gate()
    out = rig.hear(in_room(0.4))
    assert not any(isinstance(item, Call) for item in out)
    measured = [Measurement.unpack(item.payload[:16]) for item in out]
    assert len(measured) == 20 + 20  # nothing from before the switch
    assert all(m.level_db == -127.5 and MeasureFlag.MUTED in m.flags and m.vad == 0 for m in measured)


def test_the_button_calls_with_the_measurements(rig: Rig) -> None:
    rig.hear(in_room(0.5))
    rig.chain.press_button()
    call = next(item for item in rig.hear(in_room(0.1)) if isinstance(item, Call))
    assert call.trigger == "button"
    assert call.first_samples == 0
    assert call.end_samples == 12_480


@pytest.mark.speech
def test_the_own_wake_word_is_vetoed(alexa: np.ndarray) -> None:
    import soxr

    sound = soxr.resample(in_room(1.0, alexa), 24_000, 16_000)
    detector = WakeDetector(("alexa",))
    found = [detector.hear(sound[i : i + 320], sound[i : i + 320]) for i in range(0, sound.size - 320, 320)]
    assert not any(found)
    assert detector.vetoed
    detector = WakeDetector(("alexa",))
    quiet = np.zeros(320, np.int16)
    found = [detector.hear(sound[i : i + 320], quiet) for i in range(0, sound.size - 320, 320)]
    assert sum(f is not None for f in found) == 1


def test_unknown_wake_words_are_named() -> None:
    with pytest.raises(WakeWordError, match="okay_nabu"):
        WakeWords(("computer",))


@pytest.mark.speech
def test_the_own_voice_is_cancelled(answer: np.ndarray) -> None:
    rir = np.zeros(2400, np.float32)
    rir[[0, 300, 900, 2000]] = [0.6, 0.25, 0.12, 0.05]
    room, canceller, activity = Room(rir, 60.0), TwoStage(), EchoActivity()
    noise = np.random.default_rng(3).normal(0, 10, answer.size)
    heard, clean, echo = [], [], []
    for i in range(0, answer.size - 479, 480):
        far = answer[i : i + 480]
        near = (room.echo(far / np.float32(32768)) * 32768 + noise[i : i + 480]).astype(np.int16)
        heard.append(near)
        clean.append(canceller.process(near, far))
        echo.append(activity.update(near, far, clean[-1]))
    tail = slice(answer.size // 480 // 2, None)
    erle_db = level_db(np.concatenate(heard[tail])) - level_db(np.concatenate(clean[tail]))
    print(f"ERLE {erle_db:.1f} dB")
    assert erle_db > 20
    assert max(echo[tail]) > 0.9
