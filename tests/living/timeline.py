"""Who had the floor over time against the truth: a picture (SVG, a panel for ten minutes), and the same as text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from tests.living.house import AREAS_HEARD
from tests.living.judge import Session, clock, sessions_of
from tests.living.record import Entry

_PANEL_MS: Final = 600_000
_WIDTH, _LEFT, _ROW, _GAP = 1500, 100, 24, 46
_HIGH: Final = len(AREAS_HEARD) * _ROW + _GAP
_COLOURS: Final = {"house": "#2a9d4a", "person": "#9aa0a6", "phone": "#c9a227", "viewers": "#d1495b"}


def draw(folder: Path, entries: Sequence[Entry]) -> None:
    """Write `timeline.svg` and `timeline.txt`."""
    folder.mkdir(parents=True, exist_ok=True)
    sessions = sessions_of(entries)
    (folder / "timeline.svg").write_text(_picture(entries, sessions), "utf-8")
    (folder / "timeline.txt").write_text(_text(entries), "utf-8")


def _picture(entries: Sequence[Entry], sessions: Sequence[Session]) -> str:
    end_ms = max((entry["t_ms"] for entry in entries), default=0)
    panels = end_ms // _PANEL_MS + 1
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH + _LEFT + 20}" height="{panels * _HIGH + 30}"',
        ' font-family="sans-serif" font-size="11">',
        '<text x="4" y="16">above: what was said, and where (green: to the house, grey: to a person, ',
        "yellow: telephone, red: television; dark edge: with the wake word); below, blue: which room had the floor",
        "</text>",
    ]
    for panel in range(panels):
        top, begin_ms = 30 + panel * _HIGH, panel * _PANEL_MS
        for index, area in enumerate(AREAS_HEARD):
            y = top + index * _ROW
            out.append(f'<text x="4" y="{y + 15}">{area}</text>')
            out.append(f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y + _ROW}" y2="{y + _ROW}" stroke="#ddd"/>')
        for minute in range(0, _PANEL_MS + 1, 60_000):
            x = _LEFT + minute / _PANEL_MS * _WIDTH
            out.append(
                f'<text x="{x:.0f}" y="{top + _HIGH - _GAP + 14}" fill="#777">{clock(begin_ms + minute)[:5]}</text>'
            )
    end = max(end_ms, 1)
    for entry in entries:
        if entry["event"] == "said":
            for area in entry["areas"]:
                title = f"{entry['who']}: {entry['text']}"
                edge = "#0b3d1c" if entry["wake"] else "none"
                style = f'fill="{_COLOURS[entry["to"]]}" stroke="{edge}"'
                out += _bar((entry["t_ms"], entry["end_ms"]), area, 2, style, title)
    for session in sessions:
        stops = [(session.granted_ms, session.area), *session.moved]
        ends = [t_ms for t_ms, _ in session.moved] + [session.released_ms or end]
        for (begin_ms, area), until_ms in zip(stops, ends, strict=True):
            out += _bar((begin_ms, until_ms), area, 13, 'fill="#3a6ea5"', f"{session.name} ({session.reason})")
    return "\n".join([*out, "</svg>"]) + "\n"


def _bar(stretch_ms: tuple[int, int], area: str, down: int, style: str, title: str) -> list[str]:
    begin_ms, end_ms = stretch_ms
    if area not in AREAS_HEARD:
        return []
    panel, begin = divmod(begin_ms, _PANEL_MS)
    x = _LEFT + begin / _PANEL_MS * _WIDTH
    y = 30 + panel * _HIGH + AREAS_HEARD.index(area) * _ROW + down
    width = max(1.0, (end_ms - begin_ms) / _PANEL_MS * _WIDTH)
    return [f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="9" {style}><title>{escape(title)}</title></rect>']


def _text(entries: Sequence[Entry]) -> str:
    """The same in words."""
    lines: list[str] = []
    for entry in entries:
        at, event = clock(entry["t_ms"]), entry["event"]
        if event == "said":
            lines.append(f"{at}  {'/'.join(entry['areas']):20} {entry['who']} to {entry['to']}: {entry['text']}")
        elif event == "walked":
            lines.append(f"{at}  {entry['area']:20} {entry['who']} comes in")
        elif event == "hub FloorGranted":
            lines.append(f"{at}  {entry['area']:20} ==> has the floor ({entry['session']}): {entry['why']}")
        elif event == "hub FloorMoved":
            lines.append(f"{at}  {entry['area']:20} ==> the floor comes here ({entry['session']}): {entry['why']}")
        elif event == "hub FloorReleased":
            lines.append(f"{at}  {entry['area']:20} <== is released ({entry['session']}): {entry['reason']}")
        elif event == "hub Saying":
            lines.append(f"{at}  {entry['area']:20} the house: {entry['text']}")
        elif event in ("slam", "television", "network", "door", "scene", "hub Trouble", "liar"):
            told = {key: value for key, value in entry.items() if key not in ("t_ms", "event")}
            lines.append(f"{at}  -- {event}: {told}")
    return "\n".join(lines) + "\n"
