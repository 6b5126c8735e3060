"""What the demo shows: rooms, who won and why, words, actions, the answer, and the time of each hop.

In a terminal the rooms' levels move above the story; without one the story alone is told, a line at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_BAR_CHARS: Final = 24
_QUIETEST_DB: Final = -70.0
_LOUDEST_DB: Final = -15.0
_STORY_LINES: Final = 16
_HOPS: Final = (
    ("transcript", "words"),
    ("understood", "understood"),
    ("ha_call", "house called"),
    ("ha_state", "state seen"),
    ("audio_out", "voice"),
    ("audio_played", "heard in the room"),
)


class Screen:
    """Tells what happens. Feed it the hub's events in order.

    Args:
        console: where to.
        areas: the rooms with a satellite, from top to bottom.
    """

    def __init__(self, console: Console, areas: Sequence[str]) -> None:
        self._console = console
        self._levels: dict[str, tuple[float, float]] = dict.fromkeys(areas, (_QUIETEST_DB, 0.0))
        self._names = {area: area.replace("_", " ").capitalize() for area in areas}
        self._marks: dict[str, str] = dict.fromkeys(areas, "")
        self._on: dict[str, str] = {}
        self._partial = ""
        self._story: deque[Text] = deque(maxlen=_STORY_LINES)
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=8, transient=True)
        self._is_live = False

    def __enter__(self) -> Self:
        """Take the terminal, where there is one."""
        if self._console.is_terminal:
            self._live.start()
            self._is_live = True
        return self

    def __exit__(self, *_: object) -> None:
        """Give the terminal back, with the newest lines left on it."""
        if self._is_live:
            self._live.stop()
            self._is_live = False
            for line in self._story:
                self._console.print(line)

    def tell(self, sentence: str, style: str = "") -> None:
        """Add a line to the story."""
        line = Text(sentence, style=style)
        if self._is_live:
            self._story.append(line)
        else:
            # A line is one line, however narrow the place is that it is written to.
            self._console.print(line, soft_wrap=True)

    def event(self, event: Mapping[str, Any]) -> None:
        """Show one event of the hub; unknown ones are not for this screen."""
        show = getattr(self, f"_on_{event.get('event')}", None)
        if show is not None:
            show(event)

    # --- one method an event, named after it ---------------------------------------------------------------------

    def _on_SatelliteUp(self, event: Mapping[str, Any]) -> None:  # noqa: N802  the event's name
        area = event["area"]
        self._names[area] = event["area_name"]
        self._levels.setdefault(area, (_QUIETEST_DB, 0.0))
        self._marks.setdefault(area, "")
        self.tell(f"{event['area_name']}: its satellite is connected.", "dim")

    def _on_SatelliteDown(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        self._marks[event["area"]] = "away"

    def _on_RoomLevel(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        self._levels[event["area"]] = (float(event["level_db"]), float(event["snr_db"]))

    def _on_Woke(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        self._marks[event["area"]] = "woke"
        self.tell(
            f"  {self._name(event['area'])} heard “{event['word']}”: "
            f"{float(event['snr_db']):+.0f} dB over its own noise."
        )

    def _on_FloorGranted(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        for area in self._marks:
            self._marks[area] = ""
        self._marks[event["area"]] = "speaking with you"
        silent = ", ".join(self._name(area) for area in event["losers"])
        self.tell(
            f"  → {self._name(event['area'])} is spoken to ({event['why']})"
            + (f"; {silent} stay silent." if silent else "."),
            "bold",
        )

    def _on_FloorReleased(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        self._marks[event["area"]] = ""

    def _on_HeardPartial(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        self._partial = event["text"]

    def _on_HeardFinal(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        self._partial = ""
        self.tell(f"  heard: “{event['text']}”", "cyan")

    def _on_Acted(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        call = f"{event['domain']}.{event['service']} {', '.join(event['entity_ids'])}"
        if event["verified"]:
            self.tell(f"  done: {call}, and the house says “{event['state']}”.", "green")
        else:
            self.tell(f"  not done: {call} ({event['error'] or 'the house did not confirm it'}).", "red")

    def _on_StateChanged(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        entity_id: str = event["entity_id"]
        if not entity_id.startswith("light."):
            return
        if event["state"] == "on":
            self._on[entity_id] = event["name"]
        else:
            self._on.pop(entity_id, None)

    def _on_Saying(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        self.tell(f"  {self._name(event['area'])} answers: “{event['text']}”", "magenta")

    def _on_TurnEnded(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        told = latency(event["record"]["t_ms"])
        if told:
            self.tell(f"  {told}", "dim")

    def _on_Trouble(self, event: Mapping[str, Any]) -> None:  # noqa: N802
        self.tell(f"  {event['sentence']} [{event['code']}]", "red")

    # --- pictures ------------------------------------------------------------------------------------------------

    def _name(self, area: str) -> str:
        return self._names.get(area, area)

    def _render(self) -> RenderableType:
        rooms = Table.grid(padding=(0, 2))
        for area, (level_db, snr_db) in self._levels.items():
            mark = self._marks.get(area, "")
            rooms.add_row(
                Text(self._name(area), style="bold" if mark == "speaking with you" else ""),
                Text(bar(level_db), style="green" if snr_db > 6 else "dim"),
                f"{snr_db:+4.0f} dB",
                Text(mark, style="yellow"),
            )
        lights = Text("lights on: " + (", ".join(self._on.values()) or "none changed yet"), style="yellow")
        words = Text(f"  {self._partial} …", style="cyan dim") if self._partial else Text("")
        return Group(Panel(Group(rooms, lights), title="Roomtone demo"), *self._story, words)


def bar(level_db: float) -> str:
    """A level between -70 and -15 dBFS as a bar of fixed width."""
    share = (level_db - _QUIETEST_DB) / (_LOUDEST_DB - _QUIETEST_DB)
    filled = round(max(0.0, min(1.0, share)) * _BAR_CHARS)
    return "█" * filled + "·" * (_BAR_CHARS - filled)


def latency(t_ms: Mapping[str, float | None]) -> str:
    """The hops of a turn in one line; hops that did not happen are left out. Empty when there is nothing to tell."""
    parts = []
    wake, onset, floor, end = (t_ms.get(hop) for hop in ("wake", "onset", "floor", "speech_end"))
    if wake is not None and onset is not None:
        parts.append(f"from the first sound: woken {wake - onset:.0f} ms")
        if floor is not None:
            parts[-1] += f", room decided {floor - onset:.0f} ms"
    if end is not None:
        hops = [f"{label} {at - end:.0f} ms" for hop, label in _HOPS if (at := t_ms.get(hop)) is not None]
        if hops:
            parts.append("from the last: " + ", ".join(hops))
    return "; ".join(parts)
