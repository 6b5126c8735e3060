"""A Home Assistant integration that is a written home: its floors, rooms, names and devices, out of a JSON file.

Every call goes through Home Assistant's own entities; the devices behind them obey at once. `written_home.reset`
makes every device what the file says again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import area_registry, entity_registry, floor_registry
from homeassistant.helpers.entity_component import DATA_INSTANCES

from .devices import WrittenClimate, WrittenCover, WrittenFan, WrittenLight, WrittenLock, WrittenSwitch
from .machines import (
    WrittenAlarm,
    WrittenContact,
    WrittenList,
    WrittenPlayer,
    WrittenScene,
    WrittenSensor,
    WrittenVacuum,
)
from .written import Written

DOMAIN = "written_home"
KINDS: dict[str, type[Written]] = {
    "alarm_control_panel": WrittenAlarm,
    "binary_sensor": WrittenContact,
    "climate": WrittenClimate,
    "cover": WrittenCover,
    "fan": WrittenFan,
    "light": WrittenLight,
    "lock": WrittenLock,
    "media_player": WrittenPlayer,
    "scene": WrittenScene,
    "sensor": WrittenSensor,
    "switch": WrittenSwitch,
    "todo": WrittenList,
    "vacuum": WrittenVacuum,
}


async def async_setup(hass: HomeAssistant, config: dict[str, Any]) -> bool:
    path = Path(config[DOMAIN]["file"])
    home = json.loads(await hass.async_add_executor_job(path.read_text))
    _make_rooms(hass, home)
    devices: dict[str, list[Written]] = defaultdict(list)
    for told in home["entities"]:
        domain = told["entity_id"].partition(".")[0]
        if domain in KINDS:  # scripts are in the configuration
            devices[domain].append(KINDS[domain](told))
    for domain, made in devices.items():
        await hass.data[DATA_INSTANCES][domain].async_add_entities(made)
    registry = entity_registry.async_get(hass)
    for told in home["entities"]:
        registry.async_update_entity(told["entity_id"], area_id=told["area"], aliases=set(told["aliases"]))
        async_expose_entity(hass, "conversation", told["entity_id"], should_expose=True)

    async def reset(_call: ServiceCall) -> None:
        for made in devices.values():
            for device in made:
                device.be_as_told()
                device.async_write_ha_state()

    hass.services.async_register(DOMAIN, "reset", reset)
    return True


def _make_rooms(hass: HomeAssistant, home: dict[str, Any]) -> None:
    floors, areas = floor_registry.async_get(hass), area_registry.async_get(hass)
    ids: dict[str, str] = {}
    for told in home["floors"]:
        if floors.async_get_floor_by_name(told["name"]) is None:
            floors.async_create(told["name"], aliases=set(told["aliases"]))
        ids[told["id"]] = floors.async_get_floor_by_name(told["name"]).floor_id
    for told in home["areas"]:
        area = areas.async_get_or_create(told["name"])
        if area.id != told["id"]:
            raise ValueError(f"Home Assistant calls the room {told['id']} {area.id}")
        areas.async_update(area.id, aliases=set(told["aliases"]), floor_id=ids.get(told["floor"]))
