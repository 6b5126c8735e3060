"""The same tokens as NVIDIA's own code, one frame earlier. `tests/vectors/personaplex/golden.py` made them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.engine.personaplex.model.duplex import DuplexModel
from hub.engine.personaplex.port import Prompt, RowInput
from tests.hub.engine.personaplex.model.talk import heard, read, tokens

pytestmark = pytest.mark.engine

_GOLDEN = json.loads((Path(__file__).parents[4] / "vectors" / "personaplex" / "golden.json").read_text())
# The codec's cache holds 250 positions, two a frame: until then NVIDIA's ring has nothing to hide.
_UNTIL_THE_RING_IS_FULL = 125


@pytest.mark.parametrize("case", _GOLDEN["cases"], ids=lambda case: case["voice"])
def test_greedy_tokens_and_sound_are_nvidias_one_frame_earlier(case: dict[str, Any], alone: DuplexModel):
    alone.join(0, read(alone, Prompt(case["voice"], case["prompt"])))
    outputs = [alone.step({0: RowInput(pcm)})[0] for pcm in heard(case["user_seed"], case["frames"])]
    ours = [tokens(output) for output in outputs]
    loudness = [float(np.sqrt(np.mean(output.pcm.astype(np.float64) ** 2))) for output in outputs]
    corrected, as_is = case["corrected"], case["as_is"]

    assert ours[:-1] == corrected["tokens"][1:]
    assert loudness[:-1] == pytest.approx(corrected["rms"][1:], abs=2e-6)
    assert ours[:_UNTIL_THE_RING_IS_FULL] == as_is["tokens"][1 : _UNTIL_THE_RING_IS_FULL + 1]
    assert len({text for text, *_codes in ours}) > 40  # a model that repeats itself would prove little


def test_the_two_rings_do_part_once_full():
    parted = [
        next((index for index, pair in enumerate(zip(*pairs, strict=True)) if pair[0] != pair[1]), None)
        for pairs in ((case["corrected"]["tokens"], case["as_is"]["tokens"]) for case in _GOLDEN["cases"])
    ]
    assert any(frame is not None for frame in parted)
    assert all(frame is None or frame > _UNTIL_THE_RING_IS_FULL for frame in parted)
