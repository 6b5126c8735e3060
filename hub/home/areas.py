"""A room by whatever a person calls it."""

from __future__ import annotations

from rapidfuzz import fuzz, process

from hub.understanding.house import Area, House
from protocol.errors import UnknownAreaError


def find_area(house: House, text: str) -> Area:
    """The area whose id, name or alias is `text`, ignoring case and punctuation.

    Raises:
        UnknownAreaError: no area is called so; the sentence names the nearest one, or all there are.
    """
    wanted = _key(text)
    names = {_key(alias): area for area in reversed(house.areas) for alias in area.aliases}
    # A room's own name and id win over another one's alias.
    names |= {_key(name): area for area in reversed(house.areas) for name in (area.name, area.id)}
    found = names.get(wanted)
    if found is not None and wanted:
        return found
    if not house.areas:
        raise UnknownAreaError(f"There is no area {text[:60]!r}: {house.name} has no areas yet.")
    nearest = process.extractOne(wanted, names.keys(), scorer=fuzz.WRatio, score_cutoff=60.0)
    known = ", ".join(area.name for area in house.areas)
    guess = f" Did you mean {names[nearest[0]].name}?" if nearest else ""
    raise UnknownAreaError(f"There is no area {text[:60]!r}.{guess} The areas are: {known}.")


def _key(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
