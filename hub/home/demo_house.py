"""The demo home: what is in it before anybody has touched anything. Data only."""

from __future__ import annotations

from typing import Any

from hub.home.capabilities import capabilities
from hub.understanding.house import Area, Entity, Floor

FLOORS = (
    Floor("ground_floor", "Ground Floor", ("downstairs",)),
    Floor("first_floor", "First Floor", ("upstairs",)),
)

AREAS = (
    Area("kitchen", "Kitchen", "ground_floor"),
    Area("living_room", "Living Room", "ground_floor", ("lounge", "front room")),
    Area("hallway", "Hallway", "ground_floor", ("hall", "entrance")),
    Area("garage", "Garage", "ground_floor"),
    Area("bedroom", "Bedroom", "first_floor", ("main bedroom",)),
    Area("office", "Office", "first_floor", ("study",)),
    Area("bathroom", "Bathroom", "first_floor"),
    Area("garden", "Garden", None, ("yard", "outside")),
)

_TUNABLE: dict[str, Any] = {
    "supported_color_modes": ["color_temp"],
    "min_color_temp_kelvin": 2000,
    "max_color_temp_kelvin": 6500,
    "supported_features": 32,
}
_COLOR: dict[str, Any] = {**_TUNABLE, "supported_color_modes": ["color_temp", "hs"]}
_DIMMABLE: dict[str, Any] = {"supported_color_modes": ["brightness"], "supported_features": 32}
_ON_OFF: dict[str, Any] = {"supported_color_modes": ["onoff"], "supported_features": 0}
_SHADE: dict[str, Any] = {"supported_features": 15}
_THERMOSTAT: dict[str, Any] = {
    "hvac_modes": ["off", "heat", "auto"],
    "min_temp": 7,
    "max_temp": 35,
    "target_temp_step": 0.5,
    "preset_modes": ["none", "eco", "comfort"],
    "preset_mode": "none",
    "hvac_action": "idle",
    "supported_features": 401,
}
_PLAYER: dict[str, Any] = {"is_volume_muted": False, "supported_features": 21949}
_TRACKS = {"media_title": "Morning light", "media_artist": "The demo quartet", "media_track": 1}


def _temperature(value: float) -> tuple[str, dict[str, Any]]:
    return str(value), {
        "device_class": "temperature",
        "unit_of_measurement": "°C",
        "state_class": "measurement",
    }


def _humidity(value: int) -> tuple[str, dict[str, Any]]:
    return str(value), {"device_class": "humidity", "unit_of_measurement": "%", "state_class": "measurement"}


def _entity(
    entity_id: str,
    name: str,
    area_id: str | None,
    state: str,
    attributes: dict[str, Any] | None = None,
    *,
    aliases: tuple[str, ...] = (),
    exposed: bool = True,
) -> Entity:
    held = {"friendly_name": name, **(attributes or {})}
    domain = entity_id.partition(".")[0]
    return Entity(entity_id, name, area_id, aliases, state, held, capabilities(domain, held), exposed)


ENTITIES = (
    _entity("light.kitchen_lights", "Kitchen Lights", "kitchen", "off", _TUNABLE, aliases=("kitchen light",)),
    _entity("light.kitchen_counter", "Counter Light", "kitchen", "off", _DIMMABLE, aliases=("worktop light",)),
    _entity("light.living_room_ceiling", "Living Room Ceiling Light", "living_room", "off", _TUNABLE),
    _entity("light.living_room_lamp", "Floor Lamp", "living_room", "off", _COLOR, aliases=("living room lamp",)),
    _entity("light.hallway_light", "Hallway Light", "hallway", "off", _ON_OFF),
    _entity("light.bedroom_light", "Bedroom Light", "bedroom", "off", _TUNABLE),
    _entity("light.bedside_lamp", "Bedside Lamp", "bedroom", "off", _COLOR, aliases=("reading light",)),
    _entity("light.office_light", "Office Light", "office", "off", _TUNABLE),
    _entity("light.desk_lamp", "Desk Lamp", "office", "off", _DIMMABLE),
    _entity("light.bathroom_light", "Bathroom Light", "bathroom", "off", _DIMMABLE),
    _entity("light.garden_lights", "Garden Lights", "garden", "off", _ON_OFF, aliases=("fairy lights",)),
    _entity("light.garage_light", "Garage Light", "garage", "unavailable", _ON_OFF),
    _entity(
        "cover.garage_door",
        "Garage Door",
        "garage",
        "closed",
        {"device_class": "garage", "supported_features": 11},
    ),
    _entity(
        "cover.living_room_blinds",
        "Living Room Blinds",
        "living_room",
        "open",
        {**_SHADE, "device_class": "blind", "current_position": 100},
        aliases=("blinds",),
    ),
    _entity(
        "cover.bedroom_curtains",
        "Bedroom Curtains",
        "bedroom",
        "closed",
        {**_SHADE, "device_class": "curtain", "current_position": 0},
        aliases=("curtains",),
    ),
    _entity(
        "cover.office_blind",
        "Office Blind",
        "office",
        "open",
        {**_SHADE, "device_class": "blind", "current_position": 60},
    ),
    _entity(
        "lock.front_door",
        "Front Door",
        "hallway",
        "locked",
        {"supported_features": 0},
        aliases=("front door lock",),
    ),
    _entity("lock.back_door", "Back Door", "kitchen", "locked", {"supported_features": 0}, exposed=False),
    _entity(
        "climate.living_room_thermostat",
        "Living Room Thermostat",
        "living_room",
        "heat",
        {**_THERMOSTAT, "current_temperature": 20.1, "temperature": 20.5},
        aliases=("thermostat", "heating"),
    ),
    _entity(
        "climate.bedroom_radiator",
        "Bedroom Radiator",
        "bedroom",
        "off",
        {**_THERMOSTAT, "current_temperature": 17.8, "temperature": 18.0},
    ),
    _entity("sensor.living_room_temperature", "Living Room Temperature", "living_room", *_temperature(20.1)),
    _entity("sensor.living_room_humidity", "Living Room Humidity", "living_room", *_humidity(46)),
    _entity("sensor.kitchen_temperature", "Kitchen Temperature", "kitchen", *_temperature(21.4)),
    _entity("sensor.bedroom_temperature", "Bedroom Temperature", "bedroom", *_temperature(17.8)),
    _entity("sensor.bathroom_humidity", "Bathroom Humidity", "bathroom", *_humidity(61)),
    _entity("sensor.outside_temperature", "Outside Temperature", "garden", *_temperature(8.3)),
    _entity("binary_sensor.kitchen_window", "Kitchen Window", "kitchen", "off", {"device_class": "window"}),
    _entity("binary_sensor.bedroom_window", "Bedroom Window", "bedroom", "on", {"device_class": "window"}),
    _entity("binary_sensor.front_door", "Front Door Contact", "hallway", "off", {"device_class": "door"}),
    _entity("binary_sensor.hallway_motion", "Hallway Motion", "hallway", "off", {"device_class": "motion"}),
    _entity("binary_sensor.garage_motion", "Garage Motion", "garage", "off", {"device_class": "motion"}),
    _entity(
        "fan.bedroom_fan",
        "Bedroom Fan",
        "bedroom",
        "off",
        {"percentage": 0, "percentage_step": 25.0, "oscillating": False, "supported_features": 51},
    ),
    _entity(
        "fan.bathroom_fan",
        "Bathroom Fan",
        "bathroom",
        "off",
        {"supported_features": 48},
        aliases=("extractor",),
    ),
    _entity(
        "media_player.living_room_tv",
        "TV",
        "living_room",
        "off",
        {
            **_PLAYER,
            "device_class": "tv",
            "volume_level": 0.35,
            "source": "News",
            "source_list": ["News", "Films", "Console"],
            "supported_features": 23997,
        },
        aliases=("television", "telly"),
    ),
    _entity(
        "media_player.kitchen_speaker",
        "Kitchen Speaker",
        "kitchen",
        "playing",
        {**_PLAYER, **_TRACKS, "device_class": "speaker", "volume_level": 0.25},
        aliases=("music",),
    ),
    _entity(
        "switch.coffee_machine",
        "Coffee Machine",
        "kitchen",
        "off",
        {"device_class": "outlet"},
        aliases=("coffee maker",),
    ),
    _entity("switch.office_heater", "Office Heater", "office", "off", {"device_class": "outlet"}),
    _entity("switch.garden_sprinkler", "Sprinkler", "garden", "off", {"device_class": "switch"}),
    _entity("scene.movie_night", "Movie Night", "living_room", "unknown"),
    _entity("scene.good_night", "Good Night", None, "unknown"),
    _entity("scene.good_morning", "Good Morning", None, "unknown"),
    _entity(
        "vacuum.robot",
        "Robot Vacuum",
        "hallway",
        "docked",
        {"battery_level": 100, "supported_features": 8796},
        aliases=("vacuum", "hoover", "vacuum cleaner"),
    ),
    _entity(
        "weather.home",
        "Weather",
        None,
        "cloudy",
        {
            "temperature": 8.3,
            "temperature_unit": "°C",
            "humidity": 78,
            "wind_speed": 14.0,
            "wind_speed_unit": "km/h",
        },
    ),
    _entity("calendar.family", "Family Calendar", None, "off"),
    _entity(
        "todo.shopping_list",
        "Shopping List",
        "kitchen",
        "3",
        {"supported_features": 7},
        aliases=("groceries",),
    ),
)

SCENES: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "scene.movie_night": (
        ("light.living_room_ceiling", "turn_off", {}),
        ("light.living_room_lamp", "turn_on", {"brightness_pct": 20, "color_temp_kelvin": 2200}),
        ("cover.living_room_blinds", "close_cover", {}),
        ("media_player.living_room_tv", "turn_on", {}),
    ),
    "scene.good_night": (
        *(
            (entity.entity_id, "turn_off", {})
            for entity in ENTITIES
            if entity.domain == "light" and entity.state != "unavailable"
        ),
        ("cover.living_room_blinds", "close_cover", {}),
        ("media_player.kitchen_speaker", "turn_off", {}),
        ("climate.living_room_thermostat", "set_temperature", {"temperature": 17.0}),
    ),
    "scene.good_morning": (
        ("light.kitchen_lights", "turn_on", {"brightness_pct": 80}),
        ("cover.living_room_blinds", "open_cover", {}),
        ("cover.bedroom_curtains", "open_cover", {}),
        ("switch.coffee_machine", "turn_on", {}),
    ),
}
