"""Words of this home that a recogniser should expect."""

from __future__ import annotations

from hub.understanding.house import House
from hub.understanding.lexicon import singular

_ORDER = ("light", "cover", "climate", "media_player", "fan", "lock", "switch", "scene", "vacuum", "todo", "script")
_VERBS = ("turn on", "turn off", "dim", "set", "open", "close", "lock", "unlock", "play", "pause", "mute")


def vocabulary(house: House) -> list[str]:
    """What a recogniser should expect, most useful first, each once; the caller cuts.

    Names of areas, then names with a word that no name before them has, then verbs, then every other name: so a
    short prompt holds every word of the house before it repeats one.
    """
    exposed = [e for e in house.entities.values() if e.exposed]
    exposed.sort(key=lambda e: _ORDER.index(e.domain) if e.domain in _ORDER else len(_ORDER))
    names = [area.name for area in house.areas]
    names += [e.name for e in exposed if e.domain in _ORDER]
    names += [alias for entity in exposed for alias in entity.aliases]
    names += [alias for area in house.areas for alias in area.aliases]
    names += [alias for floor in house.floors for alias in floor.aliases]
    names += [e.name for e in exposed]
    names = list(dict.fromkeys(name for name in names if name.strip()))
    fresh: list[str] = []
    seen: set[str] = set()
    for name in names:
        words = {singular(word) for word in name.lower().split()}
        if not words <= seen:
            fresh.append(name)
            seen |= words
    return list(dict.fromkeys([*fresh, *_VERBS, *names]))
