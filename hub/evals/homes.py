"""Reads the written home of a set of cases: its devices as a `House`, its dangers as a `Policy`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from hub.understanding.house import Area, Entity, Floor, House
from hub.understanding.policy import Policy, Rule
from protocol.errors import RoomtoneError

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_ENTITIES: Final = 20_000


class HomeFileError(RoomtoneError):
    """The file that describes the home cannot be used."""

    code = "bad_home_file"


class _Named(BaseModel):
    id: str = Field(min_length=1)
    name: str = ""
    aliases: list[str] = []


class _Area(_Named):
    floor: str | None = None


class _Entity(BaseModel):
    entity_id: str = Field(pattern=r"^[a-z0-9_]+\.[^\s.]+$")
    name: str = ""
    area: str | None = None
    aliases: list[str] = []
    state: str = "unknown"
    capabilities: list[str] = []
    device_class: str | None = None
    attributes: dict[str, Any] = {}


class _Danger(BaseModel):
    domain: str
    service: str
    entity_id: str | None = None


class _HomeFile(BaseModel):
    name: str = "home"
    floors: list[_Named] = []
    areas: list[_Area] = []
    entities: list[_Entity] = Field(max_length=MAX_ENTITIES)
    dangerous: list[_Danger] = []


@dataclass(frozen=True, slots=True)
class WrittenHome:
    """A home out of a file.

    Attributes:
        house: as it is before the first case.
        policy: what of it needs a spoken yes: exactly what the file says.
    """

    house: House
    policy: Policy = field(default_factory=Policy)


def read_home(path: Path) -> WrittenHome:
    """Read a home.

    Raises:
        HomeFileError: the file cannot be read, is no JSON, or describes no home; the sentence says where.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise HomeFileError(f"The home {path} cannot be read: {error.strerror}.") from error
    if len(raw) > MAX_BYTES:
        raise HomeFileError(f"The home {path} is larger than {MAX_BYTES // 1024 // 1024} MiB.")
    try:
        return home_of(json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise HomeFileError(f"The home {path} is no JSON: {error}.") from error
    except HomeFileError as error:
        raise HomeFileError(f"{path}: {error.sentence}") from error


def home_of(described: Any) -> WrittenHome:
    """A home out of the JSON of its file.

    Raises:
        HomeFileError: it describes no home; the sentence names the first wrong place.
    """
    try:
        written = _HomeFile.model_validate(described)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise HomeFileError(f"{where}: {first['msg']}") from None
    _refuse_twins("entity_id", (e.entity_id for e in written.entities))
    _refuse_twins("area", (a.id for a in written.areas))
    _refuse_twins("floor", (f.id for f in written.floors))
    house = House(
        name=written.name,
        floors=tuple(Floor(f.id, f.name, tuple(f.aliases)) for f in written.floors),
        areas=tuple(Area(a.id, a.name, a.floor, tuple(a.aliases)) for a in written.areas),
        entities={e.entity_id: _entity(e) for e in written.entities},
        revision=1,
    )
    return WrittenHome(house, _policy(written.dangerous))


def _refuse_twins(what: str, ids: Iterable[str]) -> None:
    twins = [found for found, count in Counter(ids).items() if count > 1]
    if twins:
        raise HomeFileError(f"The {what} “{twins[0]}” is there twice.")


def _policy(dangerous: Iterable[_Danger]) -> Policy:
    """The file alone decides: a cover or valve that it does not name is no danger, whatever it is called."""
    listed = list(dangerous)
    return Policy(
        services=frozenset(f"{d.domain}.{d.service}" for d in listed if d.entity_id is None),
        cover_classes=frozenset(),
        rules=(
            Rule(
                domains=frozenset({"cover"}), dangerous=any(d.entity_id is None for d in listed if d.domain == "cover")
            ),
            *(
                Rule(entity_ids=frozenset({d.entity_id}), services=frozenset({d.service}), dangerous=True)
                for d in listed
                if d.entity_id is not None
            ),
        ),
    )


def _entity(written: _Entity) -> Entity:
    domain = written.entity_id.partition(".")[0]
    attributes = dict(written.attributes)
    if written.device_class is not None:
        attributes["device_class"] = written.device_class
    plain, listed = _split(written.capabilities)
    fill = _FILLED.get(domain)
    more = fill(attributes, plain, listed) if fill else frozenset()
    return Entity(
        written.entity_id,
        written.name,
        written.area,
        tuple(written.aliases),
        written.state,
        attributes,
        frozenset(written.capabilities) | more,
    )


def _split(capabilities: Iterable[str]) -> tuple[list[str], Mapping[str, list[str]]]:
    """Plain abilities, and those with choices (`fan_mode:low,high`)."""
    plain, listed = [], {}
    for ability in capabilities:
        name, colon, choices = ability.partition(":")
        if colon:
            listed[name] = [choice.strip() for choice in choices.split(",")]
        else:
            plain.append(ability)
    return plain, listed


_Attributes = dict[str, Any]
# What thermostats and water heaters can usually be set to, in degrees Celsius.
_ROOM: Final = (5.0, 35.0)
_TANK: Final = (30.0, 80.0)
_Fill = Callable[[_Attributes, list[str], Mapping[str, list[str]]], frozenset[str]]


def _light(attributes: _Attributes, plain: list[str], _listed: Mapping[str, list[str]]) -> frozenset[str]:
    """Home Assistant's own attributes for what the file says in per cent and abilities."""
    share = attributes.pop("brightness_pct", None)
    if isinstance(share, (int, float)):
        attributes["brightness"] = round(share * 2.55)
    modes = [mode for mode, ability in (("color_temp", "color_temp"), ("hs", "color")) if ability in plain]
    attributes["supported_color_modes"] = modes or (["brightness"] if "brightness" in plain else ["onoff"])
    if "color_temp" in plain:
        attributes |= {"min_color_temp_kelvin": 2000, "max_color_temp_kelvin": 6500}
    return frozenset()


def _cover(attributes: _Attributes, _plain: list[str], _listed: Mapping[str, list[str]]) -> frozenset[str]:
    if "position" in attributes:
        attributes["current_position"] = attributes.pop("position")
    return frozenset({"open", "close", "stop"})


def _limits(attributes: _Attributes, celsius: tuple[float, float]) -> tuple[float, float]:
    """What a device can be set to: what the file says, else what is usual in the unit that it must be in."""
    now = [attributes.get(key) for key in ("temperature", "current_temperature")]
    is_fahrenheit = any(isinstance(value, (int, float)) and value > celsius[1] for value in now)
    low, high = (value * 9 / 5 + 32 if is_fahrenheit else value for value in celsius)
    return attributes.get("min_temp", low), attributes.get("max_temp", high)


def _climate(attributes: _Attributes, plain: list[str], listed: Mapping[str, list[str]]) -> frozenset[str]:
    low, high = _limits(attributes, _ROOM)
    attributes |= {"hvac_modes": plain, "min_temp": low, "max_temp": high}
    if "fan_mode" in listed:
        attributes["fan_modes"] = listed["fan_mode"]
    return frozenset({"temperature"})


def _fan(attributes: _Attributes, plain: list[str], _listed: Mapping[str, list[str]]) -> frozenset[str]:
    if "percentage" in plain:
        attributes.setdefault("percentage_step", 1.0)
    return frozenset()


def _player(attributes: _Attributes, plain: list[str], listed: Mapping[str, list[str]]) -> frozenset[str]:
    if "source" in listed:
        attributes["source_list"] = listed["source"]
    back = frozenset({"previous"}) if "next" in plain else frozenset[str]()
    return back | (frozenset({"source"}) if "source" in listed else frozenset())


def _humidifier(attributes: _Attributes, _plain: list[str], listed: Mapping[str, list[str]]) -> frozenset[str]:
    if "mode" in listed:
        attributes["available_modes"] = listed["mode"]
    return frozenset({"mode"} if "mode" in listed else ())


def _water_heater(attributes: _Attributes, _plain: list[str], listed: Mapping[str, list[str]]) -> frozenset[str]:
    low, high = _limits(attributes, _TANK)
    attributes |= {"min_temp": low, "max_temp": high}
    if "mode" in listed:
        attributes["operation_list"] = listed["mode"]
    return frozenset({"temperature", *(("operation_mode",) if "mode" in listed else ())})


def _sensor(attributes: _Attributes, _plain: list[str], _listed: Mapping[str, list[str]]) -> frozenset[str]:
    unit = {"temperature": "°C", "humidity": "%", "battery": "%", "power": "W"}.get(str(attributes.get("device_class")))
    if unit:
        attributes.setdefault("unit_of_measurement", unit)
    return frozenset()


def _todo(_attributes: _Attributes, _plain: list[str], _listed: Mapping[str, list[str]]) -> frozenset[str]:
    return frozenset({"add_item", "remove_item"})


_FILLED: Mapping[str, _Fill] = {
    "light": _light,
    "cover": _cover,
    "climate": _climate,
    "fan": _fan,
    "media_player": _player,
    "humidifier": _humidifier,
    "water_heater": _water_heater,
    "sensor": _sensor,
    "todo": _todo,
}
