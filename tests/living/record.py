"""Everything that happens in the living house, in order: what is true, what satellites did, what the hub said.

Nothing in it depends on chance outside the seed: sessions and traces are numbered in the order in which they appear.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hub.events import AssistantText, Event, HeardPartial, HubReady, RoomLevel, StateChanged, TurnEnded

_LEFT_OUT: Final = (RoomLevel, HeardPartial, AssistantText, HubReady, StateChanged)
_IDS: Final = ("session", "trace", "call")
Entry = dict[str, Any]


class Record:
    """The event log of one run."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.entries: list[Entry] = []
        self.listeners: list[Callable[[Entry], None]] = []
        self.begin_s = now_s()
        self._now_s = now_s
        self._ids: dict[str, dict[str, str]] = {kind: {} for kind in _IDS}

    @property
    def now_ms(self) -> int:
        """Since the beginning."""
        return round((self._now_s() - self.begin_s) * 1000.0)

    def note(self, event: str, **fields: Any) -> Entry:
        """Write something down."""
        entry: Entry = {"t_ms": self.now_ms, "event": event, **fields}
        for kind in _IDS:
            if entry.get(kind):
                entry[kind] = self._renamed(kind, entry[kind])
        self.entries.append(entry)
        for listener in self.listeners:
            listener(entry)
        return entry

    def hub_event(self, event: Event) -> None:
        """For the hub's bus."""
        if isinstance(event, _LEFT_OUT):
            return
        told = event.to_json()
        name = told.pop("event")
        if isinstance(event, TurnEnded):
            record = told.pop("record")
            told |= {"user": record.get("user"), "assistant": record.get("assistant")}
        self.note(f"hub {name}", **told)

    def _renamed(self, kind: str, name: str) -> str:
        names = self._ids[kind]
        return names.setdefault(name, f"{kind[0]}{len(names) + 1}")

    def session(self, name: str) -> str:
        """What a session is called here."""
        return self._renamed("session", name)

    def write(self, path: Path) -> None:
        """One line an entry."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(entry, ensure_ascii=False, sort_keys=False, default=str) for entry in self.entries)
        path.write_text("\n".join(lines) + "\n", "utf-8")
