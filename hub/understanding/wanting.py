"""A device named after what one would want it for: "it's freezing in here, the heater" asks for the heater."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.understanding.context import Context
from hub.understanding.house import Entity
from hub.understanding.naming import device_named
from hub.understanding.preamble import is_told
from hub.understanding.target import Target
from hub.understanding.targets import resolve

_PLUGGED = frozenset({"switch", "input_boolean"})
_KINDS = frozenset({"climate", "light", "fan", "switch", "input_boolean"})


@dataclass(frozen=True, slots=True)
class _Lack:
    """What is wrong, and what mends it by being on: a kind of device, or a plug by what hangs on it."""

    told: re.Pattern[str]
    domain: str
    plugged: re.Pattern[str]


_LACKS = (
    _Lack(
        re.compile(r"\b(?:cold|colder|freezing|frozen|chilly|nippy|parky|baltic|draughty|shivering|icy|frosty)\b"),
        "climate",
        re.compile(r"heat|blanket|radiator|boiler|fire|stove|warm|rail"),
    ),
    _Lack(
        re.compile(r"\b(?:dark|darker|gloomy|pitch black|dingy)\b|\bcan (?:not|barely|hardly) (?:see|read)\b"),
        "light",
        re.compile(r"light|lamp|lantern|led\b|strip"),
    ),
    _Lack(
        re.compile(
            r"\b(?:hot|hotter|boiling|roasting|baking|sweltering|stuffy|stinks|smelly|smoky|steamy|steamed|steam|smoke"
            r"|muggy|sweating|melting|airless)\b"
        ),
        "fan",
        re.compile(r"fan|extractor|vent|hood|air con"),
    ),
)
_NOT_SO = re.compile(r"(?<!can )\bnot\b|\b(?:no|never|hardly any|less)\b")

_JOINT = re.compile(r"(?:[ ,.]+(?:so|and|then|now)\b)*[ ,.]*$")
_BESIDE = re.compile(r"(?:the )?[a-z]+ (?:over|above|by|beside|near|under|behind) (?:the|my|our) [a-z]+")


def wanted(text: str, context: Context, *, politely: bool) -> str | None:
    """The request that a text comes to which tells of a lack and then only names a device.

    Args:
        text: in plain words, without courtesy.
        context: where and when it was said.
        politely: "please" stood behind the name, so that any lack will do.

    Returns:
        "turn on ..." with the full name that was said, None where the text is no such pair.
    """
    words = text.split()
    for length in range(min(context.index.longest + 1, len(words) - 2), 0, -1):
        head, name = _JOINT.sub("", " ".join(words[:-length])), " ".join(words[-length:])
        found = device_named(name, _KINDS, context) or _described(name, context)
        if found is None or not found.exposed:
            continue
        mends = _mends(head, found)
        asks = politely if mends is None else mends
        return f"turn on {name}" if asks and not _NOT_SO.search(head) and is_told(head) else None
    return None


def _described(phrase: str, context: Context) -> Entity | None:
    """The one device that a phrase tells by what it stands beside: "the lamp over the table"."""
    found = resolve(phrase, _KINDS, context) if _BESIDE.fullmatch(phrase) else None
    return found.entities[0] if isinstance(found, Target) and len(found.entities) == 1 and found.cost == 0 else None


def _mends(head: str, device: Entity) -> bool | None:
    """Whether what is told of is mended by this device; None where nothing of the kind is told."""
    lack = next((lack for lack in _LACKS if lack.told.search(head)), None)
    if lack is None:
        return None
    names = " ".join((device.name, *device.aliases)).lower()
    return device.domain == lack.domain or (device.domain in _PLUGGED and bool(lack.plugged.search(names)))
