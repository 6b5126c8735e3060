"""Words of this home that a recogniser should expect."""

from __future__ import annotations

from hub.understanding.house import House

_ORDER = ("light", "cover", "climate", "media_player", "fan", "lock", "switch", "scene", "vacuum", "script")
_VERBS = ("turn on", "turn off", "dim", "set", "open", "close", "lock", "play", "pause")


def vocabulary(house: House) -> list[str]:
    """Names of areas and exposed devices, then verbs; most useful first, each once. The caller cuts."""
    exposed = [e for e in house.entities.values() if e.exposed]
    exposed.sort(key=lambda e: _ORDER.index(e.domain) if e.domain in _ORDER else len(_ORDER))
    names = [area.name for area in house.areas]
    names += [e.name for e in exposed]
    names += list(_VERBS)
    names += [alias for area in house.areas for alias in area.aliases]
    names += [alias for floor in house.floors for alias in floor.aliases]
    names += [alias for entity in exposed for alias in entity.aliases]
    return list(dict.fromkeys(name for name in names if name.strip()))
