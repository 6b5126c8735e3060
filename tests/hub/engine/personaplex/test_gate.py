import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.personaplex.gate import CUT_LIMIT_FRAMES, HANG_FRAMES, REARM_FRAMES, SpeechGate, level_db

FRAME = 1920


def at_db(level):
    """A square wave: its RMS is its amplitude."""
    amplitude = round(10 ** (level / 20) * 32768)
    return np.tile(np.array([amplitude, -amplitude], np.int16), FRAME // 2)


SILENCE = at_db(-70)
SPEECH = at_db(-20)


def run(gate, levels, first=0):
    """What passes, by frame number, and the frames at which a stretch ended."""
    passed, ended = [], []
    for number, pcm in enumerate(levels, first):
        result = gate.push(pcm, number)
        passed += [frame for frame, _pcm in result.frames]
        if result.ended:
            ended.append(number)
    return passed, ended


@pytest.mark.parametrize("level", [-90.0, -50.0, -20.0, -1.0])
def test_a_level_is_the_rms_in_dbfs(level):
    assert level_db(at_db(level)) == pytest.approx(level, abs=3.5 if level < -80 else 0.1)


def test_digital_silence_and_no_samples_have_a_level():
    assert level_db(np.zeros(FRAME, np.int16)) == -96.0
    assert level_db(np.zeros(0, np.int16)) == -96.0


def test_the_models_silence_never_passes():
    assert run(SpeechGate(), [SILENCE] * 500) == ([], [])


def test_a_word_takes_the_frame_before_it_along_and_ends_after_the_hang():
    gate = SpeechGate()
    passed, ended = run(gate, [SILENCE] * 10 + [SPEECH] * 4 + [SILENCE] * 20)
    assert passed == list(range(9, 14 + HANG_FRAMES - 1))
    assert ended == [14 + HANG_FRAMES - 1]
    assert not gate.open


def test_a_pause_between_two_words_passes_as_it_is():
    passed, ended = run(SpeechGate(), [SPEECH] * 2 + [SILENCE] * (HANG_FRAMES - 1) + [SPEECH] * 2)
    assert passed == list(range(HANG_FRAMES + 3))
    assert ended == []


def test_a_stretch_dies_away_below_the_level_that_opens_one():
    soft = at_db(-45)
    assert run(SpeechGate(), [soft] * 5) == ([], [])
    passed, _ended = run(SpeechGate(), [SPEECH] + [soft] * 30)
    assert passed == list(range(31))


def test_text_opens_the_gate_before_its_sound_comes():
    gate = SpeechGate()
    run(gate, [SILENCE] * 5)
    gate.text(5)
    passed, _ended = run(gate, [SILENCE, SILENCE, SPEECH], first=5)
    assert passed == [4, 5, 6, 7]


def test_text_of_long_ago_or_of_a_far_future_opens_nothing():
    gate = SpeechGate()
    gate.text(1)
    assert run(gate, [SILENCE] * 4, first=3) == ([], [])
    gate.text(1 << 40)
    assert run(gate, [SILENCE] * 4, first=7) == ([], [])


def test_a_cut_keeps_the_rest_of_the_stretch_back_and_lets_the_next_one_through():
    gate = SpeechGate()
    run(gate, [SPEECH] * 3)
    assert gate.cut()
    assert not gate.lets_text
    passed, ended = run(gate, [SPEECH] * 10 + [SILENCE] * REARM_FRAMES + [SPEECH] * 2, first=3)
    assert passed == [3 + 10 + REARM_FRAMES, 3 + 10 + REARM_FRAMES + 1]
    assert ended == []
    assert gate.lets_text


def test_a_model_that_never_pauses_is_heard_again_after_the_limit():
    gate = SpeechGate()
    run(gate, [SPEECH] * 3)
    gate.cut()
    passed, _ended = run(gate, [SPEECH] * (CUT_LIMIT_FRAMES + 5), first=3)
    assert passed == list(range(3 + CUT_LIMIT_FRAMES, 3 + CUT_LIMIT_FRAMES + 5))


def test_a_cut_of_a_sentence_holds_back_what_the_model_goes_on_with():
    gate = SpeechGate()
    assert not gate.cut()  # nothing unasked was being spoken
    assert run(gate, [SPEECH] * 5) == ([], [])


def test_muted_lets_nothing_through_and_tells_no_text():
    gate = SpeechGate()
    gate.muted = True
    assert run(gate, [SPEECH] * 5) == ([], [])
    assert not gate.lets_text
    gate.muted = False
    assert run(gate, [SPEECH], first=5)[0] == [5]


def test_shut_ends_a_stretch_without_holding_anything_back():
    gate = SpeechGate()
    run(gate, [SPEECH] * 3)
    assert gate.shut()
    assert not gate.shut()
    assert run(gate, [SPEECH], first=3)[0] == [3]


@given(st.lists(st.sampled_from(["loud", "quiet", "text", "cut", "shut", "mute", "unmute"]), max_size=120))
def test_frames_pass_once_in_order_and_every_opened_stretch_has_one_end(steps):
    gate = SpeechGate()
    number, passed, opened, ended = 0, [], 0, 0
    for step in steps:
        was_open = gate.open
        if step in ("loud", "quiet"):
            result = gate.push(SPEECH if step == "loud" else SILENCE, number)
            assert not (gate.muted and result.frames)
            passed += [frame for frame, _pcm in result.frames]
            opened += gate.open and not was_open
            ended += result.ended
            number += 1
        elif step == "text":
            gate.text(number)
        elif step in ("cut", "shut"):
            ended += gate.cut() if step == "cut" else gate.shut()
        elif step == "mute":
            ended += gate.shut()
            gate.muted = True
        else:
            gate.muted = False
    assert passed == sorted(set(passed))
    assert opened == ended + gate.open
