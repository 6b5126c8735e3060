"""Whole dialogues: what each turn of the user leads to after the ones before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.understanding.decisions import Decision, Tell

_FILE = Path(__file__).with_name("dialogues.txt")


def _dialogues() -> Iterator[tuple[int, str, list[str]]]:
    house, lines, first = "", [], 0
    for number, line in enumerate([*_FILE.read_text().splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.startswith("house "):
            house = line.removeprefix("house ")
        elif line:
            first = first if lines else number
            lines.append(line)
        elif lines:
            yield first, house, lines
            lines = []


def _in_words(decisions: list[Decision]) -> list[str]:
    told: list[str] = []
    for decision in decisions:
        if isinstance(decision, Tell):
            told.append(f"! {decision.reason}")
            continue
        sign = "=" if hasattr(decision, "key") else "?"
        for action in decision.actions:
            devices = sorted(entity_id.partition(".")[2] for entity_id in action.entity_ids)
            values = [
                f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
                for key, value in action.data.items()
            ]
            told.append(" ".join([sign, f"{action.domain}.{action.service}", *devices, *values]))
    return told


@pytest.mark.parametrize(("house", "lines"), [pytest.param(h, ls, id=f"line {n}") for n, h, ls in _dialogues()])
def test_a_dialogue(talking, house, lines):
    talk = talking(house)
    decided: list[str] = []
    for line in [*lines, "end"]:
        if line.startswith(("= ", "? ", "! ")):
            assert decided, f"{line} was expected, and nothing more was decided"
            assert line in decided, decided
            decided.remove(line)
            continue
        assert not decided, f"before {line!r}"
        if line.startswith("wait "):
            decided = _in_words(talk.wait(float(line.removeprefix("wait "))))
        elif line != "end":
            area, _, text = line.partition(": ")
            decided = _in_words(talk.user(area, text))
