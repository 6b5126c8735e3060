"""What the hub refuses by itself, before a house is asked.

Home Assistant answers a call on a device that does not exist with success, and does not hold a call over its API
against the list of devices exposed to Assist. Both are kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.home.errors import BadValueError, EntityUnavailableError, NotExposedError, UnknownEntityError
from hub.home.expectation import UNAVAILABLE
from hub.home.port import HomeError
from hub.understanding.house import Action, Entity, House
from hub.understanding.states import listed, plural, sentence_case, the

_TARGET_KEYS = frozenset({"entity_id", "device_id", "area_id", "floor_id", "label_id"})
_ANY_DOMAIN = frozenset({"homeassistant", "group"})
_ASKED_DOMAINS = frozenset({"calendar", "weather", "todo", "notify"})


def check(action: Action, house: House) -> tuple[Entity, ...]:
    """The entities of an action as they are now, after every one was found to exist and to be allowed.

    Raises:
        UnknownEntityError: one does not exist.
        NotExposedError: one is not exposed to the assistant.
        BadValueError: no device is named, a service of another domain is meant, or the data names devices of its own.
        EntityUnavailableError: none of them answers.
    """
    if not action.entity_ids:
        raise BadValueError("The call names no device.")
    smuggled = _TARGET_KEYS & action.data.keys()
    if smuggled:
        raise BadValueError(f"The data of the call may not hold {', '.join(sorted(smuggled))}.")
    entities = tuple(_allowed(entity_id, house) for entity_id in action.entity_ids)
    for entity in entities:
        if action.domain != entity.domain and action.domain not in _ANY_DOMAIN:
            raise BadValueError(f"{entity.name} is no {action.domain}.")
    if all(entity.state == UNAVAILABLE for entity in entities):
        raise unavailable(entities)
    return entities


def check_question(domain: str, data: Mapping[str, Any], house: House) -> None:
    """Whether a service that is called for its answer may be called with these data.

    Raises:
        BadValueError: it is of a domain that acts on devices, or is aimed at more than entities by name.
        UnknownEntityError: an entity does not exist.
        NotExposedError: it is not exposed to the assistant.
        EntityUnavailableError: it does not answer.
    """
    if domain not in _ASKED_DOMAINS:
        raise BadValueError(f"Services of {domain[:40]} are not called like this.")
    smuggled = (_TARGET_KEYS - {"entity_id"}) & data.keys()
    if smuggled:
        raise BadValueError(f"The data of the call may not hold {', '.join(sorted(smuggled))}.")
    named = data.get("entity_id", ())
    for entity_id in (named,) if isinstance(named, str) else tuple(named):
        entity = _allowed(str(entity_id), house)
        if entity.domain != domain:
            raise BadValueError(f"{entity.name} is no {domain}.")
        if entity.state == UNAVAILABLE:
            raise unavailable((entity,))


def unavailable(entities: tuple[Entity, ...]) -> HomeError:
    """The sentence for devices that do not answer."""
    verb = "do" if are_many(entities) else "does"
    return EntityUnavailableError(f"{names(entities)} {verb} not answer right now.")


def names(entities: tuple[Entity, ...]) -> str:
    """How a sentence begins that speaks of these devices: `The lamp`, `The lamp, the fan and Rosie`."""
    return sentence_case(listed([the(entity) for entity in entities]))


def are_many(entities: tuple[Entity, ...]) -> bool:
    """Whether that beginning takes "are"."""
    return len(entities) > 1 or plural(entities[0])


def _allowed(entity_id: str, house: House) -> Entity:
    entity = house.entities.get(entity_id)
    if entity is None:
        raise UnknownEntityError(f"{house.name} has no device {entity_id[:80]}.")
    if not entity.exposed:
        raise NotExposedError(
            f"{entity.name} is not shared with the assistant. To change that, open Settings, Voice assistants, "
            "Expose in Home Assistant."
        )
    return entity
