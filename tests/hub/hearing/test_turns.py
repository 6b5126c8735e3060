import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.hearing.turns import FRAME_MS, Hangover, TurnDetector, TurnPhase, TurnSignal

SPEECH, SILENCE = 0.9, 0.02


def run(probabilities, hangover=None):
    turn = TurnDetector(hangover or Hangover())
    signals = [(index, turn.feed(value)) for index, value in enumerate(probabilities)]
    return turn, [(index, signal) for index, signal in signals if signal is not None]


def test_a_sentence_begins_pauses_and_closes():
    _turn, signals = run([SILENCE] * 10 + [SPEECH] * 30 + [SILENCE] * 30)
    assert [signal for _index, signal in signals] == [
        TurnSignal.ONSET,
        TurnSignal.PAUSED,
        TurnSignal.CLOSED,
    ]
    assert signals[0][0] == 12
    assert signals[1][0] == 39 + Hangover().early_ms // FRAME_MS
    assert signals[2][0] == 39 + Hangover().patient_ms // FRAME_MS


def test_the_onset_is_placed_at_the_first_speech():
    turn, _signals = run([SILENCE] * 10 + [SPEECH] * 5)
    assert turn.onset_frame == 10
    assert turn.last_speech_frame == 14


def test_two_clicks_are_no_turn():
    assert run([SILENCE, SPEECH, SILENCE, SILENCE, SILENCE, SILENCE, SPEECH] + [SILENCE] * 40)[1] == []


def test_a_pause_inside_a_sentence_resumes():
    _turn, signals = run([SPEECH] * 20 + [SILENCE] * 15 + [SPEECH] * 20 + [SILENCE] * 30)
    assert [signal for _index, signal in signals] == [
        TurnSignal.ONSET,
        TurnSignal.PAUSED,
        TurnSignal.RESUMED,
        TurnSignal.PAUSED,
        TurnSignal.CLOSED,
    ]


def test_one_frame_of_speech_in_a_pause_may_be_the_sentence_going_on():
    turn, _signals = run([SPEECH] * 20 + [SILENCE] * 6)
    assert not turn.may_resume
    assert turn.feed(SPEECH) is None
    assert (turn.phase, turn.may_resume) == (TurnPhase.PAUSING, True)
    turn.feed(SILENCE)
    assert not turn.may_resume


def test_an_endless_talker_is_cut():
    _turn, signals = run([SPEECH] * 1000)
    closed = [index for index, signal in signals if signal is TurnSignal.CLOSED]
    assert closed[0] * FRAME_MS == pytest.approx(15_000, abs=2 * FRAME_MS)
    assert signals[2][1] is TurnSignal.ONSET


def test_a_turn_that_is_not_there_cannot_be_closed():
    with pytest.raises(ValueError, match="no closed while quiet"):
        TurnDetector(Hangover()).close()


LEGAL = {
    TurnPhase.QUIET: {TurnSignal.ONSET},
    TurnPhase.TALKING: {TurnSignal.PAUSED, TurnSignal.CLOSED},
    TurnPhase.PAUSING: {TurnSignal.RESUMED, TurnSignal.CLOSED},
}


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 40)), max_size=60), st.booleans())
def test_any_sound_gives_a_legal_story(runs, believe):
    turn = TurnDetector(Hangover())
    for probability, length in runs:
        for _ in range(length):
            before = turn.phase
            signal = turn.feed(probability)
            assert signal is None or signal in LEGAL[before]
            assert turn.onset_frame <= turn.last_speech_frame < turn.frame or signal is None
            if turn.phase is TurnPhase.PAUSING:
                assert 0 < turn.silence_ms < Hangover().patient_ms
                if believe and turn.silence_ms >= Hangover().complete_ms:
                    turn.close()
                    assert turn.phase is TurnPhase.QUIET
