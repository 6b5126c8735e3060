"""The engine process with a notebook beside the model, and the judge that reads it.

As `python` of the hub's settings stands a script that runs `serve`: what each session gave the model and got from it is
written down. `judge` steps every session alone, in a batch of one, and compares. Both need torch and moshi.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hub.engine.personaplex.model.duplex import DuplexModel
from hub.engine.personaplex.model.loading import load_model
from hub.engine.personaplex.port import ModelOptions, Prompt, RowInput, RowOutput
from hub.engine.personaplex.serving import serve as process

UNFORCED = -1
# How many frames each session that goes on has had: whoever waits for that reads it here.
PROGRESS = "progress.json"
_PROGRESS_EVERY = 10


@dataclass
class Session:
    joins: list[dict[str, Any]] = field(default_factory=list)
    pcm: list[Any] = field(default_factory=list)
    silent: list[bool] = field(default_factory=list)
    forced: list[int] = field(default_factory=list)
    text: list[int] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)


class Notebook:
    """A `Model` that writes down what goes in and comes out."""

    def __init__(self, model: DuplexModel, folder: Path) -> None:
        self._model = model
        self._folder = folder
        self._prompts: dict[int, tuple[Any, Prompt]] = {}
        self._sessions: dict[int, Session] = {}
        self._written = self._steps = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def prefill(self, prompt: Prompt) -> Any:
        inner = self._model.prefill(prompt)
        notebook = self

        class Noted:
            def advance(self) -> Any:
                snapshot = inner.advance()
                if snapshot is not None:
                    notebook._prompts[id(snapshot)] = (snapshot, prompt)
                return snapshot

        return Noted()

    def join(self, row: int, snapshot: Any, *, keep_audio: bool = False) -> None:
        self._model.join(row, snapshot, keep_audio=keep_audio)
        session = self._sessions.setdefault(row, Session())
        prompt = self._prompts[id(snapshot)][1]
        session.joins.append(
            {"frame": len(session.text), "voice": prompt.voice, "text": prompt.text, "keep": keep_audio}
        )

    def leave(self, row: int) -> None:
        self._model.leave(row)
        self._write(row)

    def close(self) -> None:
        for row in tuple(self._sessions):
            self._write(row)

    def step(self, inputs: dict[int, RowInput]) -> dict[int, RowOutput]:
        chosen: dict[int, int] = {}

        def noted(row: int, given: RowInput) -> RowInput:
            if given.choose is None:
                return given
            choose = given.choose

            def choice(sampled: int) -> int:
                chosen[row] = choose(sampled)
                return chosen[row]

            return RowInput(given.pcm, choice, given.silent)

        outputs = self._model.step({row: noted(row, given) for row, given in inputs.items()})
        for row, given in inputs.items():
            session, out = self._sessions[row], outputs[row]
            session.pcm.append(given.pcm.copy())
            session.silent.append(given.silent)
            session.forced.append(chosen.get(row, UNFORCED))
            session.text.append(out.text)
            session.codes.append(out.codes)
        self._steps += 1
        if self._steps % _PROGRESS_EVERY == 0:
            going = [len(session.text) for session in self._sessions.values()]
            beside = self._folder / "progress.new"
            beside.write_text(json.dumps(going))
            beside.replace(self._folder / PROGRESS)
        return outputs

    def _write(self, row: int) -> None:
        session = self._sessions.pop(row, None)
        if session is None or not session.text:
            return
        np.savez_compressed(
            self._folder / f"session-{self._written}.npz",
            joins=np.array(json.dumps(session.joins)),
            pcm=np.array(session.pcm, np.float32),
            silent=np.array(session.silent),
            forced=np.array(session.forced),
            text=np.array(session.text),
            codes=np.array(session.codes),
        )
        self._written += 1


def record(folder: Path, arguments: list[str]) -> int:
    """Serve, and write down."""
    notebooks: list[Notebook] = []

    def load(options: ModelOptions) -> Any:
        notebooks.append(Notebook(load_model(options), folder))
        return notebooks[-1]

    try:
        return process.serve(process.build_parser().parse_args(arguments), load)
    finally:
        for notebook in notebooks:
            notebook.close()


def judge(folder: Path, weights: Path) -> list[dict[str, Any]]:
    """Every session alone: where its tokens part from what it got among the others, -1 for nowhere."""
    model = load_model(ModelOptions(weights, device="cpu", rows=1, greedy=True))
    verdicts = []
    for path in sorted(folder.glob("session-*.npz")):
        with np.load(path) as noted:
            joins = {join["frame"]: join for join in json.loads(str(noted["joins"]))}
            parted, frames = -1, len(noted["text"])
            for frame in range(frames):
                if (join := joins.get(frame)) is not None:
                    reading = model.prefill(Prompt(join["voice"], join["text"]))
                    while (snapshot := reading.advance()) is None:
                        pass
                    model.join(0, snapshot, keep_audio=join["keep"])
                forced = int(noted["forced"][frame])
                given = RowInput(
                    noted["pcm"][frame],
                    choose=None if forced == UNFORCED else lambda _sampled, forced=forced: forced,
                    silent=bool(noted["silent"][frame]),
                )
                out = model.step({0: given})[0]
                if out.text != noted["text"][frame] or not np.array_equal(out.codes, noted["codes"][frame]):
                    parted = frame
                    break
            model.leave(0)
            verdicts.append(
                {
                    "frames": frames,
                    "parted": parted,
                    "joins": len(joins),
                    "heard": float(np.abs(noted["pcm"]).max()),
                    "forced": int((noted["forced"] != UNFORCED).sum()),
                    "silent": int(noted["silent"].sum()),
                }
            )
    return verdicts


if __name__ == "__main__":
    command, place, *rest = sys.argv[1:]
    if command == "judge":
        print(json.dumps(judge(Path(place), Path(rest[0]))))
        sys.exit(0)
    sys.exit(record(Path(place), rest))
