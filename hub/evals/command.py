"""`roomtone eval`: cases in on stdin, a line each; what the hub would do out on stdout, a line each."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from hub.evals.arbitration import play_scene
from hub.evals.cases import MAX_LINE_BYTES, BadCaseError, Task, read_case
from hub.evals.homes import HomeFileError, read_home
from hub.evals.runner import Evaluator
from protocol.errors import RoomtoneError


def evaluate(options: argparse.Namespace) -> int:
    """Answer every line of stdin; returns the exit code.

    Raises:
        HomeFileError: no home was given, or it cannot be used.
    """
    if options.task == "arbitration":
        play_scene(sys.stdin.buffer, sys.stdout)
        return 0
    path = options.home or os.environ.get("HUB_HOME_JSON")
    if not path:
        raise HomeFileError("Name the home of the cases: --home FILE, or HUB_HOME_JSON in the environment.")
    evaluator = Evaluator(read_home(Path(path)), evidence=options.evidence)
    # As in the hub: what was loaded stays, so that no case waits for the collector to look at it.
    gc.collect()
    gc.freeze()
    answer_lines(options.task, evaluator, sys.stdin.buffer, sys.stdout)
    return 0


def answer_lines(task: Task, evaluator: Evaluator, lines: BinaryIO, out: TextIO) -> None:
    """Answer each line at once; a line that cannot be answered gets an error of its own, and the next one is read."""
    for line in _lines(lines):
        out.write(json.dumps(_answer(task, evaluator, line), ensure_ascii=False) + "\n")
        out.flush()


def _answer(task: Task, evaluator: Evaluator, line: bytes | None) -> dict[str, Any]:
    case_id: str | int | None = None
    try:
        if line is None:
            raise BadCaseError(f"This line has more than {MAX_LINE_BYTES // 1024 // 1024} MiB.")
        case = read_case(task, line)
        case_id = case.id
        return evaluator.run(case)
    except RoomtoneError as error:
        known = error.case_id if isinstance(error, BadCaseError) and error.case_id is not None else case_id
        return {"id": known, "error": {"code": error.code, "message": error.sentence}}


def _lines(lines: BinaryIO) -> Iterator[bytes | None]:
    """Lines that are not empty; None for one that is too long, of which no more is kept than the limit."""
    while line := lines.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES:
            if line.strip():
                yield line
            continue
        while line and not line.endswith(b"\n"):
            line = lines.readline(MAX_LINE_BYTES)
        yield None
