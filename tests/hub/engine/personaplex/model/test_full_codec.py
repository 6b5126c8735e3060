"""The codec at its full size, once; a frame takes about 150 ms on one CPU thread."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hub.engine.personaplex.model.batch import Batch, Sampling
from hub.engine.personaplex.model.folder import ModelConfig
from hub.engine.personaplex.model.guard import Guard
from hub.engine.personaplex.model.layout import CodedVoice
from hub.engine.personaplex.model.prefill import Reader
from hub.engine.personaplex.model.states import view
from hub.engine.personaplex.model.weights import random_lm, random_mimi
from hub.engine.personaplex.port import FRAME_SAMPLES, RowInput
from tests.hub.engine.personaplex import tiny
from tests.hub.engine.personaplex.model.talk import heard

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

_FRAMES = 3


def test_two_rows_through_the_full_codec_hear_and_sound_as_each_alone():
    torch.manual_seed(5)
    cpu = torch.device("cpu")
    config = ModelConfig(**{name: value for name, value in tiny.LM.items() if name != "depformer_causal"})
    lm, mimi = random_lm(config, device=cpu, dtype=torch.float32), random_mimi(device=cpu)
    assert 79_000_000 < sum(tensor.numel() for tensor in mimi.parameters()) < 80_000_000
    sampling = Sampling(True, 0.8, 250, 0.7, 25)
    with Guard()():
        both, alone = Batch(view(lm), view(mimi), sampling, 2), Batch(view(lm), view(mimi), sampling, 1)
        reading = Reader(view(lm), view(mimi), sampling).read(CodedVoice(torch.zeros((8, 3), dtype=torch.long)), [5, 6])
        snapshot = None
        while snapshot is None:
            try:
                next(reading)
            except StopIteration as done:
                snapshot = done.value
        users = [heard(81, _FRAMES), heard(82, _FRAMES)]
        both.join(0, snapshot, keep_audio=False)
        both.join(1, snapshot, keep_audio=False)
        together = [both.step({row: RowInput(users[row][frame]) for row in (0, 1)}) for frame in range(_FRAMES)]
        for row in (0, 1):
            alone.join(0, snapshot, keep_audio=False)
            for frame in range(_FRAMES):
                solo, batched = alone.step({0: RowInput(users[row][frame])})[0], together[frame][row]
                assert solo.text == batched.text
                assert solo.codes.tolist() == batched.codes.tolist()
                assert solo.pcm.shape == (FRAME_SAMPLES,)
                np.testing.assert_allclose(solo.pcm, batched.pcm, atol=1e-4)
    assert together[0][0].codes.tolist() != together[_FRAMES - 1][0].codes.tolist()
