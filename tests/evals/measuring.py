"""Runs a set of cases through the evaluator of `roomtone eval` and has the samples' own scorer judge the answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

EVALS = Path(__file__).resolve().parent
sys.path.insert(0, str(EVALS))
sys.path.insert(0, str(EVALS.parents[1]))
sys.path.insert(0, str(EVALS / "samples"))

import score  # noqa: E402 - the scorer is a script beside its samples
from writing import HOMES, home_file  # noqa: E402 - the corpora stand beside this file

from hub.evals.cases import case_of  # noqa: E402
from hub.evals.homes import home_of  # noqa: E402
from hub.evals.runner import Evaluator  # noqa: E402
from hub.understanding.decisions import Decision, Moment  # noqa: E402
from hub.understanding.listener import Listener  # noqa: E402

SCORER = EVALS / "samples" / "score.py"
PARTS = ("samples", *HOMES)
TASKS = ("user", "negatives", "asst", "dialogue", "routing")


@dataclass(slots=True)
class Tally:
    """Counts that can be added up over homes.

    Attributes:
        quiet: sentences or exchanges after which nothing may happen.
        acts_on_quiet: how many of them were followed by an action.
        late_ms: each action against the frame at which it was committed to.
        item_s, frame_s: seconds of work of each case, and of each 80 ms frame of the assistant's words.
        by_tag: tag to (cases, exact).
        faults: what the scorer printed of each case that was not exact.
    """

    n: int = 0
    exact: int = 0
    quiet: int = 0
    acts_on_quiet: int = 0
    wrong: int = 0
    unsafe: int = 0
    dialogues: int = 0
    final_states: int = 0
    late_ms: list[float] = field(default_factory=list)
    item_s: list[float] = field(default_factory=list)
    frame_s: list[float] = field(default_factory=list)
    by_tag: dict[str, tuple[int, int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __iadd__(self, other: Tally) -> Self:
        for name in ("n", "exact", "quiet", "acts_on_quiet", "wrong", "unsafe", "dialogues", "final_states"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("late_ms", "item_s", "frame_s", "faults"):
            getattr(self, name).extend(getattr(other, name))
        for tag, (n, exact) in other.by_tag.items():
            before = self.by_tag.get(tag, (0, 0))
            self.by_tag[tag] = (before[0] + n, before[1] + exact)
        return self


class _TimedListener(Listener):
    frame_s: list[float]

    def speak(self, piece: str, moment: Moment) -> tuple[Decision, ...]:
        begin = time.process_time()
        made = super().speak(piece, moment)
        self.frame_s.append(time.process_time() - begin)
        return made


class _TimedEvaluator(Evaluator):
    def __init__(self, home: Any) -> None:
        super().__init__(home)
        self.frame_s: list[float] = []

    def _listener(self, task: Any) -> Listener:
        made = _TimedListener(self._parser, policy=self._home.policy, mode=self._evidence or task)
        made.frame_s = self.frame_s
        return made


def homes_of(part: str) -> Iterator[tuple[str, Path, Path]]:
    """The homes of a part: name, file of the home, folder of its cases."""
    if part == "samples":
        yield "samples", home_file("samples"), EVALS / "samples"
        return
    for name in HOMES[part]:
        yield name, home_file(name), EVALS / part / name


def cases_of(part: str, name: str, folder: Path, task: str) -> list[dict[str, Any]]:
    """The cases of a task in a home; negatives belong to every home, sentences to be routed to the first alone."""
    path = folder / score.FILES[task]
    if part != "samples" and task in ("negatives", "routing"):
        path = folder.parent / score.FILES[task]
        if task == "routing" and name != HOMES[part][0]:
            return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def measure(part: str, home: str, task: str, *, repeat: int = 1, only: int | None = None) -> Tally:
    """Run the cases of a task in a home.

    Args:
        part: `samples`, `dev` or `held_out`.
        home: its name.
        task: one of `TASKS`.
        repeat: how often each case is run for its time; the answers of all runs must be the same.
        only: every n-th case, for a quick look.
    """
    _, home_path, folder = next(found for found in homes_of(part) if found[0] == home)
    described = json.loads(home_path.read_text(encoding="utf-8"))
    items = cases_of(part, home, folder, task)[:: only or 1]
    rooms = [area["id"] for area in described["areas"]]
    for n, item in enumerate(items):
        if task == "negatives":
            item["room"] = rooms[n % len(rooms)]
    evaluator = _TimedEvaluator(home_of(described))
    answers, item_s = [], []
    for item in items:
        case = case_of("user" if task == "negatives" else task, item)  # type: ignore[arg-type]
        runs = []
        for _ in range(repeat):
            begin = time.process_time()
            runs.append(evaluator.run(case))
            item_s.append(time.process_time() - begin)
        assert all(run == runs[0] for run in runs), f"{item['id']} is answered differently the second time"
        answers.append(runs[0])
    tally = _judged(task, home_path, items, answers)
    tally.item_s, tally.frame_s = item_s, evaluator.frame_s
    return tally


def _judged(task: str, home: Path, items: list[dict[str, Any]], answers: list[dict[str, Any]]) -> Tally:
    """What the scorer makes of the answers, in counts."""
    if not items:
        return Tally()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shutil.copy(home, folder / "home.json")
        (folder / score.FILES[task]).write_text("".join(json.dumps(i) + "\n" for i in items), encoding="utf-8")
        (folder / "pred.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers), encoding="utf-8")
        scored = subprocess.run(
            [sys.executable, SCORER, task, "--data", made, "--pred", folder / "pred.jsonl", "--errors", "100000"],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
    report = json.loads(scored.stdout)
    tally = Tally(faults=scored.stderr.splitlines())
    if task == "routing":
        tally.n, tally.exact = report["n"], round(report["accuracy"] * report["n"] / 100)
        return tally
    overall = report["overall"]
    tally.n, tally.unsafe = overall["n"], overall["unsafe"]
    tally.exact = _count(overall["exact"], tally.n)
    tally.wrong = _count(overall["items_with_wrong_action"], tally.n)
    tally.quiet = _quiet(task, items)
    tally.acts_on_quiet = _count(overall["false_action_rate_on_none"], tally.quiet)
    tally.by_tag = {tag: (v["n"], _count(v["exact"], v["n"])) for tag, v in report["by_tag"].items()}
    if task == "dialogue":
        tally.dialogues = len(items)
        tally.final_states = _count(report["dialogues"]["final_state_exact"], len(items))
    if task == "asst":
        tally.late_ms = _late_ms(home, items, answers)
    return tally


def _count(per_cent: float | None, whole: int) -> int:
    return round((per_cent or 0.0) * whole / 100)


def _quiet(task: str, items: list[dict[str, Any]]) -> int:
    """How many times nothing may happen, as the scorer counts: exchanges for dialogues, cases else."""
    if task != "dialogue":
        return sum(not [g for g in i["gold"] if g["domain"] != "query" and not g.get("optional")] for i in items)
    quiet = 0
    for item in items:
        turns, n = item["turns"], 0
        while n < len(turns):
            pair = turns[n]["role"] == "user" and n + 1 < len(turns) and turns[n + 1]["role"] == "assistant"
            quiet += not any(turn["gold"] for turn in turns[n : n + 1 + pair])
            n += 1 + pair
    return quiet


def _late_ms(home: Path, items: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[float]:
    known = score.Home(json.loads(home.read_text(encoding="utf-8")))
    return [
        late
        for item, answer in zip(items, answers, strict=True)
        for late in score.compare(item["gold"], answer["actions"], known)["lat"]
    ]
