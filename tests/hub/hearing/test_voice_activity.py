from __future__ import annotations

import numpy as np
import pytest
import soxr

from hub.hearing.turns import FRAME_SAMPLES
from hub.hearing.voice_activity import VoiceActivity


class Told:
    """A detector that gives what it is told, and counts how often it is made to forget."""

    def __init__(self):
        self.next, self.forgot = 0.0, 0

    def process_chunk(self, _audio):
        return self.next

    def reset(self):
        self.forgot += 1


def test_each_second_of_silence_is_forgotten_and_nothing_else():
    told = Told()
    activity = VoiceActivity(told)

    def hear(probability, frames):
        told.next, before = probability, told.forgot
        assert {activity.probability(b"") for _ in range(frames)} == {probability}
        return told.forgot - before

    assert hear(0.02, 31) == 0
    assert hear(0.02, 1) == 1
    assert hear(0.9, 100) == 0
    assert hear(0.02, 20) == 0
    assert hear(0.3, 1) == 0  # perhaps somebody
    assert hear(0.02, 31) == 0
    assert hear(0.02, 65) == 3


@pytest.mark.speech
def test_a_faint_word_after_a_long_silence_is_noticed_as_soon_as_one_at_once(speak):
    (spoken,) = speak("Turn on the kitchen lights.")
    words = soxr.resample(spoken.astype(np.float32) / 32768.0, 24_000, 16_000)
    words = words[np.flatnonzero(np.abs(words) > 0.02)[0] :] * 0.05 / np.abs(words).max()

    def noticed_frames(silence_s):
        """How many frames of the words are spoken before one is taken for speech."""
        pcm = np.concatenate((np.zeros(int(silence_s * 16_000)), words))
        pcm = pcm + np.random.default_rng(2).normal(0.0, 10 ** (-62 / 20), pcm.size)
        frames = (pcm[: pcm.size // FRAME_SAMPLES * FRAME_SAMPLES] * 32768).astype("<i2").reshape(-1, FRAME_SAMPLES)
        activity = VoiceActivity()
        found = np.array([activity.probability(frame.tobytes()) for frame in frames])
        begins = int(silence_s * 16_000) // FRAME_SAMPLES
        assert found[:begins].max() < 0.5
        return int(np.argmax(found[begins:] > 0.5))

    assert noticed_frames(60.0) <= noticed_frames(0.5) + 1
