"""Rows of one batch do not know of each other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from moshi.models.loaders import get_mimi

from hub.engine.personaplex.model.duplex import DuplexModel
from hub.engine.personaplex.model.layout import SILENCE
from hub.engine.personaplex.port import FRAME_SAMPLES, PAD, RowInput
from tests.hub.engine.personaplex.model.talk import JANE, PROMPTS, RECORDED, TEACHER, heard, read, talk, tokens

pytestmark = pytest.mark.engine

_FRAMES = 40


@pytest.fixture(scope="module")
def solo(alone: DuplexModel) -> list[list[list[int]]]:
    """What each of the four prompts says to its own user, alone in the model."""
    said = []
    for row, prompt in enumerate(PROMPTS):
        alone.join(0, read(alone, prompt))
        said.append(talk(alone, 0, heard(100 + row, _FRAMES)))
    return said


def test_four_rows_in_lockstep_say_what_each_says_alone(four: DuplexModel, solo: list[list[list[int]]]):
    for row, prompt in enumerate(PROMPTS):
        four.join(row, read(four, prompt))
    users = [heard(100 + row, _FRAMES) for row in range(4)]
    said: list[list[list[int]]] = [[], [], [], []]
    for frame in range(_FRAMES):
        for row, output in four.step({row: RowInput(users[row][frame]) for row in range(4)}).items():
            said[row].append(tokens(output))
    assert said == solo


def test_late_paused_and_rejoining_rows_say_what_each_says_alone(four: DuplexModel, solo: list[list[list[int]]]):
    snapshots = [read(four, prompt) for prompt in PROMPTS]
    users = [heard(100 + row, _FRAMES) for row in range(4)]
    said: list[list[list[int]]] = [[], [], [], []]
    four.join(0, snapshots[0])
    four.join(1, snapshots[1])
    for tick in range(2 * _FRAMES):
        if tick == 7:
            four.join(2, snapshots[2])
        if tick == 20:  # somebody leaves, and another comes to the same place
            four.leave(1)
            four.join(1, snapshots[3])
        running = {row for row in (0, 1) if len(said[row]) < _FRAMES and (row != 1 or tick < 20)}
        running |= {2} if tick >= 7 and tick % 2 and len(said[2]) < _FRAMES else set()
        inputs = {row: RowInput(users[row][len(said[row])]) for row in running}
        if tick >= 20 and len(said[3]) < _FRAMES:
            inputs[1] = RowInput(users[3][len(said[3])])
        for row, output in four.step(inputs).items():
            said[3 if row == 1 and tick >= 20 else row].append(tokens(output))
    assert said[0] == solo[0]
    assert said[1] == solo[1][:20]
    assert said[2] == solo[2][: len(said[2])]
    assert len(said[2]) > 30
    assert said[3] == solo[3]


def test_forced_ids_come_out_in_order_one_frame_later_and_only_in_their_row(
    four: DuplexModel, solo: list[list[list[int]]]
):
    snapshots = [read(four, JANE), read(four, TEACHER)]
    four.join(0, snapshots[0])
    four.join(1, snapshots[1])
    ids = four.encode(" The garage door is still open.")
    wanted: list[int] = []

    def forced(frame: int) -> RowInput:
        def choose(wish: int) -> int:
            wanted.append(wish)
            return ids[frame - 3] if 3 <= frame < 3 + len(ids) else PAD

        return RowInput(users[0][frame], choose=choose)

    users = [heard(100, _FRAMES), heard(101, _FRAMES)]
    said: list[list[list[int]]] = [[], []]
    for frame in range(_FRAMES):
        for row, output in four.step({0: forced(frame), 1: RowInput(users[1][frame])}).items():
            said[row].append(tokens(output))
    texts = [text for text, *_codes in said[0]]
    assert len(ids) >= 8
    assert texts == [solo[0][0][0], *[PAD] * 3, *ids, *[PAD] * (_FRAMES - len(ids) - 4)]
    assert wanted[:1] == [solo[0][1][0]]  # what it would have said is what it is asked about
    assert said[0][1][1:] != solo[0][1][1:]  # and its voice follows the text it was given
    assert said[1] == solo[1]


def test_a_row_that_only_listens_is_silent_from_the_very_frame_and_still_hears(
    four: DuplexModel, solo: list[list[list[int]]]
):
    four.join(0, read(four, JANE))
    four.join(1, read(four, TEACHER))
    users = [heard(100, _FRAMES), heard(101, _FRAMES)]
    said: list[list[list[int]]] = [[], []]
    for frame in range(_FRAMES):
        inputs = {0: RowInput(users[0][frame], silent=frame < 10 or 20 <= frame < 30), 1: RowInput(users[1][frame])}
        for row, output in four.step(inputs).items():
            said[row].append(tokens(output))
    silent = [PAD, *SILENCE]
    assert said[0][:10] == [silent] * 10
    assert said[0][20:30] == [silent] * 10
    assert all(frame != silent for frame in said[0][11:20])
    assert said[1] == solo[1]
    # What was heard while silent counts: with another user before it, the speech after it is another.
    four.join(0, read(four, JANE))
    other = [*heard(55, 10), *users[0][10:14]]
    again = [tokens(four.step({0: RowInput(pcm, silent=frame < 10)})[0]) for frame, pcm in enumerate(other)]
    assert again[11:] != said[0][11:14]


def test_silence_goes_before_a_choice(alone: DuplexModel):
    alone.join(0, read(alone, JANE))
    frames = [RowInput(pcm, choose=lambda _wish: 77, silent=True) for pcm in heard(1, 3)]
    assert {alone.step({0: frame})[0].text for frame in frames} == {PAD}


def test_a_chosen_id_that_the_model_does_not_have_is_refused(alone: DuplexModel):
    alone.join(0, read(alone, JANE))
    with pytest.raises(ValueError, match="text id 640"):
        alone.step({0: RowInput(heard(1, 1)[0], choose=lambda _wish: 640)})


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "new"])
def test_a_renewal_keeps_the_codec_and_a_new_session_begins_after_one_frame_of_silence(
    keep: bool, alone: DuplexModel, weights: Path
):
    snapshot = read(alone, RECORDED)
    alone.join(0, snapshot)
    outputs = [alone.step({0: RowInput(pcm)})[0] for pcm in heard(9, 12)]
    alone.join(0, snapshot, keep_audio=keep)
    outputs += [alone.step({0: RowInput(pcm)})[0] for pcm in heard(10, 12)]

    mimi = get_mimi(
        weights / "tokenizer-e351c8d8-checkpoint125.safetensors", json.loads((weights / "mimi_config.json").read_text())
    )
    expected = []
    with torch.no_grad(), mimi.streaming(1):
        mimi.decode(torch.tensor(SILENCE).view(1, 8, 1))
        for frame, output in enumerate(outputs):
            if frame == 12 and not keep:
                mimi.reset_streaming()
                mimi.decode(torch.tensor(SILENCE).view(1, 8, 1))
            expected.append(mimi.decode(torch.from_numpy(output.codes).view(1, 8, 1))[0, 0].numpy())
    np.testing.assert_allclose([output.pcm for output in outputs], expected, atol=2e-6)
    # The language model itself began anew.
    assert outputs[12].text == outputs[0].text


def test_empty_rows_and_wrong_frames_are_refused_before_anything_moves(load):
    model = load(rows=2)
    snapshot = read(model, JANE)
    model.join(0, snapshot)
    pcm = heard(3, 2)
    first = tokens(model.step({0: RowInput(pcm[0])})[0])
    for inputs, reason in (
        ({0: RowInput(pcm[1]), 1: RowInput(pcm[1])}, "row 1 is empty"),
        ({0: RowInput(pcm[1][:960])}, r"\[960\]"),
        ({0: RowInput(pcm[1].astype(np.float64))}, "float64"),
    ):
        with pytest.raises(ValueError, match=reason):
            model.step(inputs)
    with pytest.raises(ValueError, match="no row 2"):
        model.join(2, snapshot)
    second = tokens(model.step({0: RowInput(pcm[1])})[0])
    model.leave(0)
    with pytest.raises(ValueError, match="row 0 is empty"):
        model.step({0: RowInput(pcm[0])})
    model.join(1, snapshot)
    assert talk(model, 1, pcm) == [first, second]
    assert model.step({}) == {}


def test_every_output_is_whole(alone: DuplexModel):
    alone.join(0, read(alone, JANE))
    output = alone.step({0: RowInput(np.zeros(FRAME_SAMPLES, np.float32))})[0]
    assert output.pcm.shape == (FRAME_SAMPLES,)
    assert output.pcm.dtype == np.float32
    assert output.codes.shape == (8,)
    assert output.codes.dtype == np.int64
