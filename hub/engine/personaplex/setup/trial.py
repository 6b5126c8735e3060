"""Runs the measurements of an engine: one process in the engine's Python for each batch size."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.engine.personaplex.setup.checking import BatchMeasurement
from hub.engine.port import EngineError

# Random weights of the full size take minutes to make on a slow machine; a file of 17 GB as long to read.
MAX_RUN_S: Final = 1200.0
_MODULE: Final = "hub.engine.personaplex.setup.checking"
_KEPT_CHARS: Final = 400


class TrialError(EngineError):
    """The model could not be run."""

    code = "engine_trial"
    retry = False


@dataclass(frozen=True, slots=True)
class Trial:
    """What to run.

    Attributes:
        python: the interpreter that has torch and moshi.
        environment: all of its environment variables.
        device: "cpu" or "cuda".
        weights: None: random weights of the full size.
    """

    python: Path
    environment: Mapping[str, str]
    device: str
    weights: Path | None
    int8: bool = False

    def measure(
        self, sizes: Sequence[int], frames: int, tell: Callable[[str], None]
    ) -> tuple[list[BatchMeasurement], TrialError | None]:
        """Measure sizes from small to large until one fails, as a size does that does not fit.

        Returns:
            What was measured, and what ended it; with nothing measured the fault is raised instead.

        Raises:
            TrialError: not even the smallest could be run.
        """
        measured: list[BatchMeasurement] = []
        for rows in sorted(sizes):
            tell(f"Loading the model for {rows} and timing {frames} steps ...")
            try:
                answer = self._run("--rows", str(rows), "--frames", str(frames))
                measured.append(BatchMeasurement(**answer))
            except TrialError as fault:
                if not measured:
                    raise
                return measured, fault
            except TypeError as fault:
                raise TrialError("The engine's environment runs another version of Roomtone.") from fault
        return measured, None

    def say(self, sentences: Sequence[str], folder: Path) -> list[Path]:
        """Have the model speak sentences into WAV files.

        Raises:
            TrialError: it cannot.
        """
        answer = self._run("--rows", "1", "--say-into", str(folder), words="\n".join(sentences))
        return [Path(path) for path in answer["files"]]

    def _run(self, *arguments: str, words: str = "") -> dict[str, Any]:
        command = [str(self.python), "-m", _MODULE, "--device", self.device, *arguments]
        command += ["--weights", str(self.weights)] if self.weights is not None else []
        command += ["--int8"] if self.int8 else []
        try:
            done = subprocess.run(  # noqa: S603  the engine's interpreter with our own module
                command,
                input=words,
                capture_output=True,
                text=True,
                env=dict(self.environment),
                timeout=MAX_RUN_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TrialError(f"The model did not come to an end within {MAX_RUN_S / 60:.0f} minutes.") from error
        except OSError as error:
            raise TrialError(
                f"{self.python} cannot be run: {error.strerror}. Run “roomtone engine install”."
            ) from error
        try:
            answer = json.loads(done.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "it said nothing")
            raise TrialError(f"The model ended with code {done.returncode}: {last.strip()[:_KEPT_CHARS]}") from None
        if "error" in answer:
            raise TrialError(str(answer["error"]["message"]))
        return dict(answer)
