"""What the chain does while somebody talks over the loudspeaker: it yields, says so, and knows a word for silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pymicro_wakeword
import pytest
from hub_peer import in_room

from protocol.frames import FrameType
from protocol.measure import MeasureFlag, decode_levels
from satellite.audio.player import Player
from satellite.audio.port import Block
from satellite.dsp.chain import Chain, Halt, Sound
from satellite.dsp.echo import Off, TwoStage
from satellite.dsp.wake import StopWord, WakeDetector
from satellite.errors import WakeWordError

MODEL = Path(pymicro_wakeword.__file__).parent / "models" / "alexa.json"  # a word like any other
SILENCE = np.zeros(480, np.int16)


class Rig:
    def __init__(self, canceller, stop_word=None):
        self.out, self.at = [], 0
        self.player = Player(lambda heard: None, lambda: self.at * 1000 // 24)
        self.chain = Chain(self.player, canceller, WakeDetector(()), self.out.append, stop_word=stop_word)

    def hear(self, near, far):
        """Both for the same time; what the loudspeaker's duck was after each block."""
        ducked = []
        for begin in range(0, near.size // 480 * 480, 480):
            part = slice(begin, begin + 480)
            self.chain.process(Block(near[part], far[part], self.at, self.at * 1000 // 24))
            self.at += 480
            ducked.append(self.player.ducked)
        return np.array(ducked)

    def flags(self):
        levels = [item for item in self.out if isinstance(item, Sound) and item.type == FrameType.LEVEL]
        return [decode_levels(item.payload, item.flags).records[0].flags for item in levels]


@pytest.fixture(scope="module")
def scene(answer, alexa):
    """The own answer three times over, with its echo, and words over the third."""
    far = np.concatenate([answer, answer, answer])
    echo = 0.4 * np.concatenate([np.zeros(1440), far])[: far.size]
    near = np.zeros(far.size)
    begins = 2 * answer.size + 24_000
    near[begins : begins + alexa.size] = alexa[: far.size - begins]
    return far, in_room(echo + near), in_room(echo), begins


@pytest.mark.speech
def test_it_yields_to_a_person_at_once_and_never_to_its_own_echo(scene):
    far, with_words, alone, begins = scene
    assert not Rig(TwoStage()).hear(alone, far).any()
    rig = Rig(TwoStage())
    ducked = rig.hear(with_words, far)
    first = int(np.flatnonzero(ducked)[0])
    onset = begins + int(np.flatnonzero(np.abs(with_words[begins:] - alone[begins:].astype(np.int32)) > 300)[0])
    assert 0 <= (first + 1) * 480 - onset <= 24 * 160
    assert MeasureFlag.DUCKED in rig.flags()[-1] or not ducked[-1]
    assert any(MeasureFlag.DUCKED in flags for flags in rig.flags())


@pytest.mark.speech
def test_a_canceller_that_cannot_tell_leaves_it_to_the_hub(scene):
    far, with_words, _, _ = scene
    assert not Rig(Off()).hear(with_words, far).any()


@pytest.mark.speech
def test_a_muted_room_interrupts_nobody(scene):
    far, with_words, _, _ = scene
    rig = Rig(TwoStage())
    rig.chain.mute(muted=True)
    assert not rig.hear(with_words, far).any()


@pytest.mark.speech
def test_the_users_own_word_halts_what_sounds_and_nothing_else(alexa):
    words = in_room(0.5, alexa, 1.0)
    rig = Rig(Off(), StopWord(MODEL))
    rig.hear(words, np.zeros_like(words))
    assert not [item for item in rig.out if isinstance(item, Halt)]
    hum = (300 * np.sin(np.arange(words.size) / 9)).astype(np.int16)
    rig.hear(words, hum)
    assert len([item for item in rig.out if isinstance(item, Halt)]) == 1


@pytest.mark.speech
def test_a_ring_that_pauses_still_rings(alexa):
    words = in_room(1.0, alexa, 0.5)
    rig, far = Rig(Off(), StopWord(MODEL)), np.zeros_like(words)
    far[:12_000] = 300
    rig.hear(words, far)
    assert [item for item in rig.out if isinstance(item, Halt)]


@pytest.mark.parametrize("text", [None, "{}", '{"micro": 1}', "no json"])
def test_a_file_that_is_no_model_is_named(tmp_path, text):
    file = tmp_path / "stop.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(WakeWordError, match=r"stop\.json"):
        StopWord(file)


@pytest.mark.speech
def test_a_time_without_ears_teaches_it_nothing_wrong(scene):
    far, _, alone, _ = scene
    rig = Rig(TwoStage())
    rig.hear(alone, far)
    rig.chain.mute(muted=True)
    rig.hear(alone, far)
    rig.chain.mute(muted=False)
    assert not rig.hear(alone, far).any()
