"""`roomtone engine check`: whether this machine keeps up with live speech."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from hub.config_engine import EngineSettings
from hub.engine.personaplex.setup.capacity import remember_rows
from hub.engine.personaplex.setup.environment import engine_environment
from hub.engine.personaplex.setup.gpu import find_gpus
from hub.engine.personaplex.setup.standing import find_python
from hub.engine.personaplex.setup.trial import Trial, TrialError
from hub.engine.personaplex.setup.verdict import NOT_YET_HEARD, judge, table
from hub.engine.personaplex.setup.weights import inspect

SIZES: Final = (1, 2, 4, 8, 16)
CPU_SIZES: Final = (1, 2)
SENTENCES: Final = (
    "The garage door is still open.",
    "I turned on the lights in the kitchen.",
    "It is going to rain this afternoon, so take an umbrella.",
    "The washing machine has finished.",
    "Somebody is at the front door.",
    "I could not reach the heating in the bathroom.",
    "Dinner is ready in ten minutes.",
    "Good night, I am locking the doors now.",
    "The blinds in the living room are closing.",
    "Your next appointment is with the dentist on Friday morning.",
)


def check(options: argparse.Namespace, settings: EngineSettings, state_dir: Path) -> int:
    """Measure, judge and show.

    Raises:
        TrialError: nothing could be measured; the sentence says what to do.
    """
    trial = _trial(options, settings, state_dir)
    gpu = find_gpus()[0] if trial.device == "cuda" else None
    sizes = options.rows or (SIZES if gpu is not None else CPU_SIZES)
    measured, fault = trial.measure(sizes, options.frames, lambda line: print(line, file=sys.stderr, flush=True))
    verdict = judge(measured, gpu, int8=trial.int8)
    heard = _hear(trial, state_dir) if options.say else None
    if gpu is not None and verdict.rows:
        remember_rows(state_dir, gpu.name, verdict.rows, int8=trial.int8)
    if options.json:
        print(
            json.dumps(
                {
                    "gpu": {"name": gpu.name, "total_bytes": gpu.total_bytes, "free_bytes": gpu.free_bytes,
                            "driver": gpu.driver} if gpu is not None else None,
                    "weights": str(trial.weights) if trial.weights is not None else "random",
                    "sizes": [asdict(one) for one in measured],
                    "stopped_by": fault.sentence if fault is not None else None,
                    "say": heard or NOT_YET_HEARD,
                    "verdict": verdict.to_json(),
                }
            )
        )  # fmt: skip
        return 0 if verdict.rows else 1
    if gpu is not None:
        print(f"{gpu.name}, {gpu.total_bytes / 1e9:.1f} GB, {gpu.free_bytes / 1e9:.1f} free, driver {gpu.driver}")
    first = measured[0]
    print(f"{first.parameters:,} parameters in {first.dtype} on {first.device}, loaded in {first.load_s} s\n")
    print(table(measured))
    if fault is not None:
        print(f"\nThe next size could not be run: {fault.sentence}")
    if verdict.row_bytes is not None:
        print(f"\none conversation more takes {verdict.row_bytes / (1 << 30):.2f} GiB")
    said = NOT_YET_HEARD if heard is None else f"{heard['word_error_rate']:.1%} of the words were not understood"
    print(f"forced speech: {said}\n\n{verdict.sentence}")
    return 0 if verdict.rows else 1


def _trial(options: argparse.Namespace, settings: EngineSettings, state_dir: Path) -> Trial:
    gpus = find_gpus()
    asked = options.device or settings.device
    device = asked if asked != "auto" else "cuda" if gpus else "cpu"
    if device == "cuda" and not gpus:
        raise TrialError("No NVIDIA GPU answers here (nvidia-smi finds none), so cuda cannot be checked.")
    weights: Path | None = None
    if options.random_weights:
        if device == "cpu":
            raise TrialError(
                "Random weights of the full size need a GPU: they fill 31 GB in a CPU's float32, and one frame takes"
                " seconds. On a CPU check tiny weights: roomtone engine check --device cpu --weights DIR"
            )
        if options.say:
            raise TrialError("Random weights say nothing that could be understood; --say needs the real ones.")
    else:
        weights = options.weights or settings.weights_in(state_dir)
        found = inspect(weights, settings.voices)
        if not found.complete:
            raise TrialError(
                f"{weights} lacks {', '.join(found.missing)}. Run “roomtone engine fetch”, or check this machine"
                " without weights: roomtone engine check --random-weights"
            )
    python = find_python(settings, state_dir)
    if python is None:
        raise TrialError("The engine is not installed. Run “roomtone engine install”.")
    return Trial(python, engine_environment(state_dir), device, weights, int8=options.int8 or settings.int8)


def _hear(trial: Trial, state_dir: Path) -> dict[str, Any]:
    from hub.ab.recording import RecordingReader, word_error_rate  # loads the recogniser

    reader = RecordingReader(state_dir / "cache")
    try:
        with tempfile.TemporaryDirectory(prefix="roomtone-say-") as folder:
            heard = [reader.read(path) for path in trial.say(SENTENCES, Path(folder))]
    finally:
        reader.close()
    return {"word_error_rate": round(word_error_rate(SENTENCES, heard), 4), "sentences": len(SENTENCES)}
