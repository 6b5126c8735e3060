"""From Home Assistant's states and registries to a `House`. Pure; what has the wrong shape is left out, never fatal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.home.capabilities import capabilities
from hub.understanding.house import Area, Entity, Floor

ASSISTANT = "conversation"
"""Home Assistant's name for Assist in its lists of exposed devices."""


@dataclass(frozen=True, slots=True)
class Registries:
    """What Home Assistant knows about a house besides states.

    Attributes:
        area_of: area id per entity id, the device's where the entity has none of its own.
        aliases: other names per entity id.
        exposed: entity ids that the household gave to Assist.
    """

    name: str = "Home"
    time_zone: str = "UTC"
    floors: tuple[Floor, ...] = ()
    areas: tuple[Area, ...] = ()
    area_of: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exposed: frozenset[str] = frozenset()


def read_registries(
    *,
    config: object,
    floors: object,
    areas: object,
    devices: object,
    entities: object,
    exposed: object,
    entries: object,
) -> Registries:
    """Put together the answers of `get_config`, the four `config/*_registry/list`, `homeassistant/expose_entity/list`
    and `config/entity_registry/get_entries`.
    """  # noqa: D205 - one sentence
    settings = _mapping(config)
    return Registries(
        name=_text(settings.get("location_name")) or "Home",
        time_zone=_text(settings.get("time_zone")) or "UTC",
        floors=tuple(
            Floor(row["floor_id"], _text(row.get("name")) or row["floor_id"], _words(row.get("aliases")))
            for row in _rows(floors, "floor_id")
        ),
        areas=tuple(
            Area(
                row["area_id"],
                _text(row.get("name")) or row["area_id"],
                _text(row.get("floor_id")),
                _words(row.get("aliases")),
            )
            for row in _rows(areas, "area_id")
        ),
        area_of=_places(devices, entities),
        aliases={
            entity_id: words
            for entity_id, entry in _mapping(entries).items()
            if (words := _words(_mapping(entry).get("aliases")))
        },
        exposed=read_exposed(exposed),
    )


def read_exposed(answer: object) -> frozenset[str]:
    """The entity ids that `homeassistant/expose_entity/list` names for Assist."""
    listed = _mapping(_mapping(answer).get("exposed_entities"))
    return frozenset(entity_id for entity_id, given in listed.items() if _mapping(given).get(ASSISTANT) is True)


def read_registered(entities: object) -> frozenset[str]:
    """The entity ids that `config/entity_registry/list` names; others have no entry that could be asked for."""
    return frozenset(row["entity_id"] for row in _rows(entities, "entity_id"))


def read_states(answer: object, registries: Registries) -> dict[str, Entity]:
    """The entities in the answer of `get_states`."""
    found = (read_entity(row, registries) for row in answer) if isinstance(answer, list) else ()
    return {entity.entity_id: entity for entity in found if entity is not None}


def read_entity(state: object, registries: Registries) -> Entity | None:
    """One state object; None when it is none."""
    held = _mapping(state)
    entity_id, value = _text(held.get("entity_id")), held.get("state")
    if entity_id is None or "." not in entity_id or not isinstance(value, str):
        return None
    attributes = _mapping(held.get("attributes"))
    domain = entity_id.partition(".")[0]
    return Entity(
        entity_id=entity_id,
        name=_text(attributes.get("friendly_name")) or entity_id.partition(".")[2].replace("_", " "),
        area_id=registries.area_of.get(entity_id),
        aliases=registries.aliases.get(entity_id, ()),
        state=value,
        attributes=attributes,
        capabilities=capabilities(domain, attributes),
        exposed=entity_id in registries.exposed,
    )


def place(entity: Entity, registries: Registries) -> Entity:
    """The same entity after names, areas or exposure changed."""
    return Entity(
        entity_id=entity.entity_id,
        name=entity.name,
        area_id=registries.area_of.get(entity.entity_id),
        aliases=registries.aliases.get(entity.entity_id, ()),
        state=entity.state,
        attributes=entity.attributes,
        capabilities=entity.capabilities,
        exposed=entity.entity_id in registries.exposed,
    )


def _places(devices: object, entities: object) -> dict[str, str]:
    area_of_device = {row["id"]: area for row in _rows(devices, "id") if (area := _text(row.get("area_id")))}
    places = {}
    for row in _rows(entities, "entity_id"):
        area = _text(row.get("area_id")) or area_of_device.get(_text(row.get("device_id")) or "")
        if area is not None:
            places[row["entity_id"]] = area
    return places


def _rows(answer: object, key: str) -> Iterator[Mapping[str, Any]]:
    for row in answer if isinstance(answer, list) else ():
        if isinstance(row, dict) and _text(row.get(key)) is not None:
            yield row


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _words(value: object) -> tuple[str, ...]:
    # A null in a list of aliases stands for the entity's own name.
    return tuple(word for word in value if isinstance(word, str) and word) if isinstance(value, list) else ()
