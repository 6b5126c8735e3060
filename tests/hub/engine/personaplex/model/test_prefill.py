"""A prompt read in one pass is the prompt read step by step."""

from __future__ import annotations

import pytest
import sentencepiece
import torch
from moshi.models.lm import LMGen
from moshi.models.loaders import get_mimi
from moshi.utils.compile import no_compile

from hub.engine.personaplex.model import prefill as prefill_module
from hub.engine.personaplex.model.folder import read_config
from hub.engine.personaplex.model.layout import DELAYS, PAD, SILENCE, SINE
from hub.engine.personaplex.model.text import tagged
from hub.engine.personaplex.model.voices import Recording
from hub.engine.personaplex.model.weights import load_lm
from hub.engine.personaplex.port import Prompt, PromptError, RowInput
from tests.hub.engine.personaplex import tiny
from tests.hub.engine.personaplex.model.talk import JANE, RECORDED, TEACHER, heard, read, talk, tokens

pytestmark = pytest.mark.engine

_FRAMES = 30


def step_by_step(weights, prompt: Prompt, user: list) -> list[list[int]]:
    """The recipe without any of our reading: every prompt frame is one step of the generator, its tokens forced."""
    cpu = torch.device("cpu")
    lm = load_lm(weights, read_config(weights), device=cpu, dtype=torch.float32)
    mimi = get_mimi(weights / tiny.LM_FILES["mimi_name"], tiny.MIMI)
    tokenizer = sentencepiece.SentencePieceProcessor(str(weights / tiny.LM_FILES["tokenizer_name"]))
    recording = Recording(weights / "voices" / prompt.voice)
    with torch.no_grad(), mimi.streaming(1):
        agent = [mimi.encode(torch.from_numpy(pcm)[None, None])[0, :, 0] for pcm in recording.pending(1000)]
    ids = tokenizer.encode(tagged(prompt.text))
    text = [PAD] * (len(agent) + 6) + ids + [PAD] * 6
    silence, sine = torch.tensor(SILENCE), torch.tensor(SINE)
    agent += [silence] * (len(text) - len(agent))
    frame = 0

    def on_text(wish: torch.Tensor) -> None:
        if frame + 1 < len(text):
            wish[0] = text[frame + 1]

    def on_audio(wish: torch.Tensor) -> None:
        for book, delay in enumerate(DELAYS[1:9]):
            if frame + 1 - delay < len(text):
                wish[0, book] = agent[frame + 1 - delay][book]

    generator = LMGen(lm, use_sampling=False, on_text_hook=on_text, on_audio_hook=on_audio)
    said = []
    with torch.no_grad(), no_compile(), generator.streaming(1), mimi.streaming(1):
        for frame in range(len(text) + len(user)):
            codes = sine.view(1, 8, 1)
            if frame >= len(text):
                codes = mimi.encode(torch.from_numpy(user[frame - len(text)])[None, None])
            step = generator.step(codes)
            if frame >= len(text):
                said.append(step[0, :, 0].tolist())
    return said


def test_one_pass_says_what_step_by_step_says(weights, alone):
    user = heard(21, _FRAMES)
    alone.join(0, read(alone, RECORDED))
    assert talk(alone, 0, user) == step_by_step(weights, RECORDED, user)


@pytest.mark.parametrize("prompt", [JANE, TEACHER, RECORDED], ids=lambda prompt: prompt.voice)
def test_any_slicing_leaves_the_same_state(prompt: Prompt, load, monkeypatch: pytest.MonkeyPatch):
    whole = read(load(), prompt)
    monkeypatch.setattr(prefill_module, "_SLICE_POSITIONS", 7)
    monkeypatch.setattr(prefill_module, "_SLICE_RECORDED_FRAMES", 1)
    sliced = read(load(), prompt)
    assert sliced.frames == whole.frames
    assert sliced.column.tolist()[1:9] == whole.column.tolist()[1:9]
    for name, state in whole.states.items():
        if hasattr(state, "kv_cache"):
            other = sliced.states[name]
            torch.testing.assert_close(other.kv_cache.cache, state.kv_cache.cache, atol=2e-5, rtol=1e-4)
            assert other.kv_cache.end_offset.tolist() == [whole.frames]
            assert other.offset.tolist() == [whole.frames]


def test_slices_between_ticks_leave_live_rows_alone_and_each_other(load):
    user = heard(22, _FRAMES)
    quiet = load(rows=2)
    quiet.join(0, read(quiet, JANE))
    undisturbed = talk(quiet, 0, user)
    one, other = read(quiet, TEACHER), read(quiet, RECORDED)
    quiet.join(1, other)
    after_other = talk(quiet, 1, user)

    busy = load(rows=2)
    busy.join(0, read(busy, JANE))
    readings = [busy.prefill(TEACHER), busy.prefill(RECORDED)]
    said, done = [], [None, None]
    for pcm in user:
        for index, reading in enumerate(readings):
            done[index] = reading.advance()
        said.append(tokens(busy.step({0: RowInput(pcm)})[0]))
    assert said == undisturbed
    assert [snapshot.column.tolist() for snapshot in done] == [one.column.tolist(), other.column.tolist()]
    busy.join(1, done[1])
    assert talk(busy, 1, user) == after_other


def test_a_recording_is_encoded_once(load):
    model = load()

    def slices(text: str) -> int:
        reading, count = model.prefill(Prompt("TINYW0.wav", text)), 1
        while reading.advance() is None:
            count += 1
        return count

    first, second = slices("You are brief."), slices("You are polite.")
    assert first - second == 10  # 19 frames of sound, two a slice


def test_a_finished_reading_answers_again(alone):
    reading = alone.prefill(TEACHER)
    while (snapshot := reading.advance()) is None:
        pass
    assert reading.advance() is snapshot


def test_an_empty_prompt_and_one_without_room_are_told_why(alone):
    for text in ("", "  \n "):
        with pytest.raises(PromptError, match="is empty"):
            alone.prefill(Prompt("TINYF0.pt", text))
    room = 300 - 50 - 12 - 20
    long = "a" * 10
    while alone.count_tokens(long) < room:
        long += " a"
    alone.prefill(Prompt("TINYF0.pt", long))
    with pytest.raises(PromptError, match=f"has {room + 1} tokens; beside this voice there is room for {room}"):
        alone.prefill(Prompt("TINYF0.pt", long + " a"))


def test_prompts_are_tagged_once(alone):
    plain = alone.count_tokens("You are brief.")
    assert alone.count_tokens(" <system> You are brief. <system>\n") == plain
    assert plain > len(alone.encode("You are brief."))
