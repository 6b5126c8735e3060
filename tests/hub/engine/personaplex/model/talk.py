"""What the tests of the model say to it, and what they write down."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hub.engine.personaplex.port import Model, Prompt, RowInput, RowOutput, Snapshot
from tests.hub.engine.personaplex import tiny

JANE = Prompt("TINYF0.pt", "You enjoy having a good conversation. Your name is Jane.")
TEACHER = Prompt("TINYM0.pt", "You are a wise and friendly teacher. Be brief, polite and exact.")
RECORDED = Prompt("TINYW0.wav", "You live in a house and help the people who live there.")
PROMPTS = (JANE, TEACHER, RECORDED, Prompt("TINYM0.pt", "You work for a company that repairs bicycles."))


def read(model: Model, prompt: Prompt) -> Snapshot:
    prefill = model.prefill(prompt)
    while (snapshot := prefill.advance()) is None:
        pass
    return snapshot


def tokens(output: RowOutput) -> list[int]:
    return [output.text, *output.codes.tolist()]


def heard(seed: int, frames: int) -> list[NDArray[np.float32]]:
    return list(tiny.user_audio(seed, frames))


def talk(model: Model, row: int, pcm: Iterable[NDArray[np.float32]]) -> list[list[int]]:
    return [tokens(model.step({row: RowInput(frame)})[row]) for frame in pcm]
