"""Measures one batch size of a model in a process of its own, in the engine's Python; `roomtone engine check` runs it.

`python -m hub.engine.personaplex.setup.checking --rows 4 --device cuda [--weights DIR]` prints one line of JSON.
A process for each size keeps one size's memory and captured graphs out of another's figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import wave
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hub.engine.personaplex.port import (
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    Model,
    ModelOptions,
    Prompt,
    RowInput,
    Snapshot,
    WeightsError,
)
from hub.engine.personaplex.serving.speech import Utterance, words_of
from hub.engine.personaplex.setup.gpu import find_gpus
from protocol.errors import RoomtoneError

PROMPT: Final = "You are the friendly voice of a home. You answer questions in one or two short sentences."
WARM_UP_FRAMES: Final = 25
SETTLE_FRAMES: Final = 4  # what the codec still has of the last word
MAX_SENTENCE_FRAMES: Final = 250
_NOISE_RMS: Final = 0.01

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class BatchMeasurement:
    """One batch size.

    Attributes:
        step_p50_ms, step_p99_ms: of one step with every row in it.
        prefill_ms: reading the prompt, in slices, without anything else.
        start_p50_ms: a row joined from the kept prompt, until its first frame is there.
        memory_bytes: GPU memory taken since before the model was loaded; resident memory of the process on a CPU.
        load_s: until the model could take its first frame.
    """

    rows: int
    device: str
    dtype: str
    parameters: int
    frames: int
    step_p50_ms: float
    step_p99_ms: float
    prefill_ms: float
    prompt_frames: int
    start_p50_ms: float
    memory_bytes: int
    load_s: float


def measure(model: Model, *, frames: int, before_bytes: int, load_s: float, now_s: Clock) -> BatchMeasurement:
    """Fill every row, warm up, and time `frames` steps back to back."""
    snapshot, prefill_ms = _read_prompt(model, now_s)
    rows = range(model.info.rows)
    noise = np.random.default_rng(0)

    def heard() -> NDArray[np.float32]:
        return noise.normal(0.0, _NOISE_RMS, FRAME_SAMPLES).astype(np.float32)

    starts_ms = []
    for row in (*rows, *rows):  # the first round also pays for what is made once
        began_s = now_s()
        model.join(row, snapshot)
        model.step({row: RowInput(heard())})
        starts_ms.append((now_s() - began_s) * 1e3)
    for _frame in range(WARM_UP_FRAMES):
        model.step({row: RowInput(heard()) for row in rows})
    steps_ms = []
    for _frame in range(frames):
        inputs = {row: RowInput(heard()) for row in rows}
        began_s = now_s()
        model.step(inputs)
        steps_ms.append((now_s() - began_s) * 1e3)
    info = model.info
    return BatchMeasurement(
        rows=info.rows,
        device=info.device,
        dtype=info.dtype,
        parameters=info.parameters,
        frames=frames,
        step_p50_ms=_quantile(steps_ms, 0.5),
        step_p99_ms=_quantile(steps_ms, 0.99),
        prefill_ms=prefill_ms,
        prompt_frames=snapshot.frames,
        start_p50_ms=_quantile(starts_ms[len(rows) :], 0.5),
        memory_bytes=max(0, used_bytes(info.device) - before_bytes),
        load_s=round(load_s, 1),
    )


def say(model: Model, sentences: Sequence[str], folder: Path) -> list[Path]:
    """Have the model speak each sentence into a WAV file of its own, in silence and with nobody speaking.

    Returns:
        The files: int16, 24 kHz mono, in the order of the sentences.
    """
    snapshot, _ms = _read_prompt(model, time.monotonic)
    silence: NDArray[np.float32] = np.zeros(FRAME_SAMPLES, np.float32)
    files = []
    for number, sentence in enumerate(sentences):
        model.join(0, snapshot)
        utterance = Utterance(number + 1, deque(words_of(model.encode(sentence), model.piece)))
        sound: list[NDArray[np.float32]] = []
        while not utterance.done and len(sound) < MAX_SENTENCE_FRAMES:
            sound.append(model.step({0: RowInput(silence, choose=utterance.choose)})[0].pcm)
        sound += [model.step({0: RowInput(silence, silent=True)})[0].pcm for _frame in range(SETTLE_FRAMES)]
        path = folder / f"{number:03d}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
            file.writeframes((np.clip(np.concatenate(sound), -1.0, 1.0) * 32767).astype("<i2").tobytes())
        files.append(path)
    return files


def used_bytes(device: str) -> int:
    """Memory in use: of the first GPU by everybody, or of this process on a CPU."""
    if device.startswith("cuda"):
        gpus = find_gpus()
        return gpus[0].total_bytes - gpus[0].free_bytes if gpus else 0
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    return 0


def _read_prompt(model: Model, now_s: Clock) -> tuple[Snapshot, float]:
    if not model.voices:
        raise WeightsError("There is no voice in the weights folder, so no prompt can be read.")
    began_s = now_s()
    prefill = model.prefill(Prompt(model.voices[0], PROMPT))
    while (snapshot := prefill.advance()) is None:
        pass
    return snapshot, round((now_s() - began_s) * 1e3, 2)


def _quantile(values: Sequence[float], share: float) -> float:
    return round(float(np.quantile(values, share)), 3)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure one size and print it; a failure is printed as JSON too."""
    parser = argparse.ArgumentParser(prog="python -m hub.engine.personaplex.setup.checking")
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], required=True)
    parser.add_argument("--weights", type=Path, help="left out: random weights of the full size")
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--say-into", type=Path, metavar="DIR", help="speak the sentences on standard input instead")
    options = parser.parse_args(argv)
    try:
        result = _run(options)
    except RoomtoneError as error:
        result = {"error": {"code": error.code, "message": error.sentence, "retry": error.retry}}
    print(json.dumps(result), flush=True)  # noqa: T201  the answer to the process that started this one
    return 1 if "error" in result else 0


def _run(options: argparse.Namespace) -> dict[str, Any]:
    try:
        from hub.engine.personaplex.model.loading import load_model
    except ImportError as error:
        raise WeightsError(f"This Python cannot run the model ({error}). Run “roomtone engine install”.") from error
    before_bytes = used_bytes(options.device)
    began_s = time.monotonic()
    speaks = options.say_into is not None
    model = load_model(
        ModelOptions(
            weights=options.weights,
            device=options.device,
            rows=options.rows,
            int8=options.int8,
            greedy=not speaks,  # how it talks is judged as it talks: with its usual freedom
            seed=0,
        )
    )
    if speaks:
        sentences = [line.strip() for line in sys.stdin if line.strip()]
        return {"files": [str(path) for path in say(model, sentences, options.say_into)]}
    load_s = time.monotonic() - began_s
    measured = measure(model, frames=options.frames, before_bytes=before_bytes, load_s=load_s, now_s=time.perf_counter)
    return asdict(measured)


if __name__ == "__main__":
    sys.exit(main())
