"""The hub's own lists, for a house whose Home Assistant keeps none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rapidfuzz import fuzz, process

from hub.tools.agenda_store import MAX_ITEMS, AgendaStore
from hub.tools.port import ToolError
from hub.tools.timers import text_of
from hub.tools.words import capital, count_words, listed

DEFAULT_LIST: Final = "shopping list"
_ALIKE: Final = 82.0
_READ_OUT: Final = 12


class ListError(ToolError):
    """The list cannot be changed like this."""

    code = "bad_value"


class NoSuchItemError(ToolError):
    """It is not on the list."""

    code = "no_such_item"


class Lists:
    """What can be done to them."""

    def __init__(self, rows: AgendaStore) -> None:
        self._rows = rows

    def act(self, service: str, data: Mapping[str, Any]) -> str:
        """Carry out one `todo` action without a device and return the sentence about it.

        Raises:
            ToolError: it cannot be done, and why.
            StoreError: it cannot be kept.
        """
        name = self._name(text_of(data, "list"))
        if service in ("clear", "remove_completed_items"):
            gone = self._rows.clear(name)
            if not gone:
                return f"The {name} was empty already."
            return f"The {name} is empty now; it had {count_words(gone)} {'item' if gone == 1 else 'items'}."
        item = text_of(data, "item")
        if not item:
            raise ListError("I did not hear what to put on the list.")
        if service == "add_item":
            if self._find(name, item, _EXACT) is not None:
                return f"{capital(item)} is on the {name} already."
            if not self._rows.add_item(name, item):
                raise ListError(f"The {name} is full: it has {MAX_ITEMS} items.")
            return f"I have added {item} to the {name}."
        if service in ("remove_item", "complete_item"):
            found = self._find(name, item, _ALIKE)
            if found is None:
                raise NoSuchItemError(f"{capital(item)} is not on the {name}.")
            self._rows.remove_item(name, found)
            return f"I have taken {found} off the {name}."
        raise ListError("I cannot do that with a list.")

    def describe(self, name: str) -> str:
        """What stands on it."""
        name = self._name(name)
        items = self._rows.items(name)
        if not items:
            return f"The {name} is empty."
        rest = len(items) - _READ_OUT
        more = [f"{count_words(rest)} more"] if rest > 0 else []
        return f"On the {name}: {listed([*items[:_READ_OUT], *more])}."

    def _name(self, said: str) -> str:
        """A list that exists and sounds like it, else the name as it was said."""
        plain = " ".join(word for word in said.casefold().split() if word not in ("the", "my", "our"))
        if plain in ("", "list", "shopping", "shopping list"):
            return DEFAULT_LIST
        wanted = plain if plain.endswith("list") else f"{plain} list"
        best = process.extractOne(wanted, self._rows.lists(), scorer=fuzz.ratio, score_cutoff=90.0)
        return str(best[0]) if best else wanted

    def _find(self, name: str, item: str, cutoff: float) -> str | None:
        best = process.extractOne(
            item, self._rows.items(name), scorer=fuzz.ratio, processor=str.casefold, score_cutoff=cutoff
        )
        return str(best[0]) if best else None


_EXACT: Final = 100.0
