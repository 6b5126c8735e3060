"""Two engines' results as a table and as numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hub.ab.playing import TurnResult


def summary(results: Sequence[TurnResult]) -> dict[str, Any]:
    """One engine's figures; a figure that nothing was measured for is None."""
    judged = [one.action_right for one in results if one.action_right is not None]
    errors = [one.word_errors for one in results if one.word_errors is not None]
    answers_ms = [one.answer_ms for one in results if one.answer_ms is not None]
    return {
        "turns": len(results),
        "success": _share([one.success for one in results]),
        "answered": _share([one.answered for one in results]),
        "actions_right": _share(judged),
        "word_errors": round(sum(errors) / len(errors), 4) if errors else None,
        "spoke_over": sum(one.spoke_over for one in results),
        "answer_p50_ms": _quantile(answers_ms, 0.5),
        "answer_p95_ms": _quantile(answers_ms, 0.95),
        "transcript_p50_ms": _quantile([one.transcript_ms for one in results if one.transcript_ms is not None], 0.5),
        "understood_p50_ms": _quantile([one.understood_ms for one in results if one.understood_ms is not None], 0.5),
    }


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _quantile(values: Sequence[float], share: float) -> float | None:
    return round(float(np.quantile(values, share)), 1) if values else None


def table(names: tuple[str, str], sides: tuple[Sequence[TurnResult], Sequence[TurnResult]]) -> str:
    """Turn by turn, then the figures, A beside B."""
    width = max(20, *(len(one.file) for one in sides[0])) if sides[0] else 20
    lines = [f"{'turn':<{width}}  {names[0]:>22}  {names[1]:>22}"]
    lines += [f"{one.file:<{width}}  {_cell(one):>22}  {_cell(other):>22}" for one, other in zip(*sides, strict=True)]
    figures = summary(sides[0]), summary(sides[1])
    lines.append("")
    for key, title, kind in _ROWS:
        shown = [_figure(one[key], kind) for one in figures]
        lines.append(f"{title:<{width}}  {shown[0]:>22}  {shown[1]:>22}")
    return "\n".join(lines)


_ROWS = (
    ("turns", "turns", "count"),
    ("success", "success", "share"),
    ("answered", "answered", "share"),
    ("actions_right", "right action", "share"),
    ("word_errors", "words misheard", "share"),
    ("spoke_over", "spoke over the user", "count"),
    ("answer_p50_ms", "answer p50", "ms"),
    ("answer_p95_ms", "answer p95", "ms"),
    ("transcript_p50_ms", "transcript p50", "ms"),
    ("understood_p50_ms", "understood p50", "ms"),
)


def _figure(value: float | None, kind: str) -> str:
    if value is None:
        return "-"
    return {"share": f"{value:.0%}", "ms": f"{value:.0f} ms", "count": f"{value}"}[kind]


def _cell(one: TurnResult) -> str:
    mark = "ok" if one.success else "FAIL"
    return f"{mark}, {one.answer_ms:.0f} ms" if one.answer_ms is not None else f"{mark}, no answer"
