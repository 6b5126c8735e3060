import json
import time

import numpy as np
import pytest
from piper import PiperVoice
from piper.config import PiperConfig

from hub.engine.cascade import vits
from hub.hearing.weights import JOE_VOICE, WeightsFinder

pytestmark = pytest.mark.speech
SENTENCES = (
    "Yes.",
    "The bedroom light is off.",
    "The living room thermostat is set to twenty one degrees, as you wish.",
)


@pytest.fixture(scope="module")
def model():
    return WeightsFinder().locate(JOE_VOICE) / JOE_VOICE.files[0].name


@pytest.fixture(scope="module")
def sentences(model):
    config = PiperConfig.from_dict(json.loads(model.with_name(f"{model.name}.json").read_text()))
    piper = PiperVoice(session=None, config=config)

    def inputs(text):
        ids = piper.phonemes_to_ids(piper.phonemize(text)[0])
        return {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([0.0, 1.0, 0.0], np.float32),
        }

    return [inputs(text) for text in SENTENCES]


@pytest.fixture(scope="module")
def in_pieces(model, sentences):
    return vits.load(model, sentences[1])


@pytest.fixture(scope="module")
def at_once(model, sentences, tmp_path_factory):
    """The same voice in a file where nothing is called as it is known."""
    other = tmp_path_factory.mktemp("voice") / "other.onnx"
    other.write_bytes(model.read_bytes().replace(b"dec.conv_pre.weight", b"dec.conv_prE.weight"))
    return vits.load(other, sentences[1])


def test_the_pieces_together_are_the_sentence(sentences, in_pieces, at_once):
    assert isinstance(in_pieces, vits.InPieces)
    assert in_pieces.peak == pytest.approx(at_once.peak, rel=1e-3)
    for inputs in sentences:
        (sentence,) = at_once.speak(inputs)
        together = np.concatenate(list(in_pieces.speak(inputs)))
        assert together.shape == sentence.shape
        assert np.abs(together - sentence).max() < 1e-3


def test_a_voice_that_is_built_in_another_way_speaks_all_the_same(sentences, at_once):
    assert isinstance(at_once, vits.AtOnce)
    assert [len(piece) > 22_050 for piece in at_once.speak(sentences[2])] == [True]


def test_a_long_sentence_sounds_long_before_it_is_finished(sentences, in_pieces):
    began = time.thread_time()
    speaking = in_pieces.speak(sentences[2])
    first = next(speaking)
    first_s = time.thread_time() - began
    rest = list(speaking)
    whole_s = time.thread_time() - began
    assert len(first) < 0.4 * 22_050
    assert sum(len(piece) for piece in rest) > 2 * 22_050
    assert first_s < 0.6 * whole_s


def test_too_short_a_trial_proves_nothing(sentences, in_pieces):
    frames = in_pieces._frames(sentences[1])
    whole = in_pieces._decode(frames)
    assert in_pieces._enough_context(frames, whole) == 10
    with pytest.raises(vits.NotCuttableError, match="depends"):
        in_pieces._enough_context(frames[:, :, :20], whole[: 20 * 256])
