"""Writes the home `large`: 25 rooms on five floors with names as people give them, many of them alike.

    python tests/evals/homes/large.py > tests/evals/homes/large.json

The seed fixes states and which rooms have what; the word lists and the hand-written ends of the house are data.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

FLOORS = (
    ("cellar_floor", "Cellar Level", ["below stairs"]),
    ("ground", "Ground Floor", ["downstairs"]),
    ("first", "First Floor", []),
    ("second", "Second Floor", []),
    ("attic_floor", "Attic Level", ["top of the house"]),
)
ROOMS = {
    "cellar_floor": ["Wine Cellar", "Boiler Room", "Gym", "Cinema"],
    "ground": ["Drawing Room", "Library", "Kitchen", "Pantry", "Breakfast Room", "Entrance Hall", "Orangery"],
    "first": ["Blue Bedroom", "Rose Bedroom", "Master Bedroom", "Dressing Room", "Long Gallery", "Music Room"],
    "second": ["Nursery", "Schoolroom", "Sewing Room", "Linen Room", "East Bedroom", "West Bedroom"],
    "attic_floor": ["Attic Studio", "Box Attic"],
}
ALIASES = {"Entrance Hall": ["hall"], "Drawing Room": ["lounge"], "Cinema": ["home cinema"], "Gym": ["workout room"]}
LIGHTS = ("Ceiling Light", "Wall Lights", "Floor Lamp", "Table Lamp", "Picture Light", "Reading Lamp")
ABILITIES = (
    ["brightness", "color_temp"],
    ["brightness"],
    ["brightness", "color", "color_temp"],
    ["brightness", "color"],
    ["brightness"],
    ["brightness", "color_temp"],
)
SHADES = ("Blinds", "Curtains", "Shutters")
BEDROOMS = ("Blue Bedroom", "Rose Bedroom", "Master Bedroom", "East Bedroom", "West Bedroom", "Nursery")
WITH_SPEAKER = ("Kitchen", "Drawing Room", "Library", "Music Room", "Gym", "Master Bedroom", "Orangery", "Cinema")
WINDOWLESS = ("Wine Cellar", "Boiler Room", "Pantry", "Linen Room", "Cinema", "Box Attic")
PLAYER = ["play", "pause", "next", "volume", "mute"]
Data = dict[str, Any]


def slug(name: str) -> str:
    return name.lower().replace(" ", "_")


def entity(entity_id: str, name: str, area: str | None, state: str, caps: list[str] | None = None, **more: Any) -> Data:
    made: Data = {"entity_id": entity_id, "name": name, "area": area, "aliases": more.pop("aliases", [])}
    made |= {"state": state, "capabilities": caps or []}
    if "device_class" in more:
        made["device_class"] = more.pop("device_class")
    return made | ({"attributes": more} if more else {})


def lights(room: str, chance: random.Random) -> list[Data]:
    kinds = range(len(LIGHTS)) if room not in WINDOWLESS else (0, 1, 5)
    made = []
    for n in kinds:
        on = chance.random() < 0.4
        level = {"brightness_pct": chance.choice((20, 40, 60, 80, 100))} if on else {}
        name = f"{room} {LIGHTS[n]}"
        made.append(entity(f"light.{slug(name)}", name, slug(room), "on" if on else "off", ABILITIES[n], **level))
    return made


def comfort(room: str, chance: random.Random) -> list[Data]:
    area, made = slug(room), []
    if room not in WINDOWLESS:
        kind = SHADES[len(room) % 3]
        shut = chance.random() < 0.5
        made.append(
            entity(
                f"cover.{slug(room)}_{kind.lower()}", f"{room} {kind}", area, "closed" if shut else "open",
                ["position"], device_class=kind.lower().removesuffix("s"), position=0 if shut else 100,
            )
        )  # fmt: skip
        goal = chance.choice((18, 19, 20, 21))
        name = f"{room} Thermostat"
        made.append(
            entity(f"climate.{slug(room)}", name, area, "heat", ["off", "heat", "auto"], temperature=goal,
                   current_temperature=goal - 0.5)
        )  # fmt: skip
    if room in BEDROOMS:
        made.append(entity(f"fan.{area}", f"{room} Fan", area, "off", ["percentage", "oscillate"]))
    if room in WITH_SPEAKER:
        state = chance.choice(("playing", "paused", "off"))
        made.append(entity(f"media_player.{area}", f"{room} Speaker", area, state, PLAYER, volume_level=0.3))
    return made


def senses(room: str, chance: random.Random) -> list[Data]:
    area, made = slug(room), []
    temperature, humidity = chance.randint(15, 22), chance.randint(35, 65)
    for what, value in (("temperature", temperature), ("humidity", humidity)):
        name = f"{room} {what.title()}"
        made.append(entity(f"sensor.{area}_{what}", name, area, str(value), device_class=what))
    made.append(entity(f"binary_sensor.{area}_motion", f"{room} Motion", area, "off", device_class="motion"))
    if room not in WINDOWLESS:
        state = chance.choice(("on", "off"))
        made.append(entity(f"binary_sensor.{area}_window", f"{room} Window", area, state, device_class="window"))
    return made


SINGLES = (
    entity("light.island_pendants", "Island Pendants", "kitchen", "on", ["brightness"], brightness_pct=70),
    entity("light.worktop_lights", "Worktop Lights", "kitchen", "off", ["brightness"]),
    entity("light.bar_sign", "Bar Sign", "cinema", "off", ["brightness", "color"]),
    entity("switch.kettle", "Kettle", "kitchen", "off"),
    entity("switch.espresso_machine", "Espresso Machine", "kitchen", "off", aliases=["coffee machine"]),
    entity("switch.toaster", "Toaster", "breakfast_room", "off"),
    entity("switch.treadmill", "Treadmill", "gym", "off"),
    entity("switch.sauna", "Sauna", "gym", "off"),
    entity("switch.wine_fridge", "Wine Fridge", "wine_cellar", "on"),
    entity("switch.projector_power", "Projector Power", "cinema", "off"),
    entity("switch.sewing_machine", "Sewing Machine", "sewing_room", "off"),
    entity("switch.steam_iron", "Steam Iron", "linen_room", "on"),
    entity("switch.fountain", "Fountain", "orangery", "on"),
    entity("switch.grow_lights", "Seedling Heater", "orangery", "off"),
    entity("fan.cooker_hood", "Cooker Hood", "kitchen", "off", ["percentage"], aliases=["extractor hood"]),
    entity("fan.orangery_vent", "Orangery Vent", "orangery", "on", ["percentage"], percentage=33),
    entity("climate.wine_cooler", "Wine Cellar Cooler", "wine_cellar", "cool", ["off", "cool"], temperature=12,
           current_temperature=12.5),
    entity("media_player.projector", "Projector", "cinema", "off", [*PLAYER, "source:Blu-ray,Games,Streaming"],
           volume_level=0.5),
    entity("media_player.nursery_radio", "Nursery Radio", "nursery", "off", PLAYER, volume_level=0.1),
    entity("cover.orangery_roof", "Orangery Roof Vent", "orangery", "closed", ["position"], device_class="window",
           position=0),
    entity("cover.coach_house", "Coach House Door", "entrance_hall", "closed", ["position"], device_class="garage",
           position=0, aliases=["garage door", "garage"]),
    entity("lock.front_door", "Front Door", "entrance_hall", "locked"),
    entity("lock.kitchen_door", "Kitchen Door", "kitchen", "unlocked"),
    entity("lock.orangery_door", "Orangery Door", "orangery", "locked"),
    entity("lock.wine_cellar_door", "Wine Cellar Door", "wine_cellar", "locked"),
    entity("lock.study_safe", "Library Safe", "library", "locked", aliases=["safe"]),
    entity("scene.candlelight", "Candlelight", None, "scening"),
    entity("scene.house_party", "House Party", None, "scening"),
    entity("scene.matinee", "Matinee", None, "scening"),
    entity("scene.reading_hour", "Reading Hour", None, "scening"),
    entity("scene.all_asleep", "All Asleep", None, "scening"),
    entity("script.closing_time", "Closing Time", None, "off"),
    entity("vacuum.jeeves", "Jeeves", "entrance_hall", "docked", ["start", "pause", "return_home", "clean_area"],
           aliases=["robot vacuum"]),
    entity("vacuum.bertie", "Bertie", "long_gallery", "docked", ["start", "pause", "return_home", "clean_area"]),
    entity("humidifier.music_room", "Piano Humidifier", "music_room", "on", ["mode:normal,quiet"],
           device_class="humidifier", humidity=45, current_humidity=43),
    entity("humidifier.wine", "Cellar Humidifier", "wine_cellar", "off", [], device_class="humidifier", humidity=60,
           current_humidity=55),
    entity("water_heater.cylinder", "Hot Water Cylinder", "boiler_room", "eco", ["mode:eco,performance,off"],
           temperature=55, current_temperature=53, aliases=["hot water"]),
    entity("valve.mains_water", "Mains Water", "boiler_room", "open", [], device_class="water"),
    entity("valve.orangery_misting", "Orangery Misting", "orangery", "closed", [], device_class="water"),
    entity("alarm_control_panel.house", "House Alarm", "entrance_hall", "disarmed",
           ["arm_home", "arm_away", "arm_night"], aliases=["alarm"]),
    entity("binary_sensor.boiler_leak", "Boiler Leak", "boiler_room", "off", device_class="moisture"),
    entity("binary_sensor.dishwasher", "Dishwasher", "kitchen", "on", device_class="running"),
    entity("sensor.outside_temperature", "Outside Temperature", None, "6", device_class="temperature"),
    entity("sensor.house_power", "House Power", None, "2150", device_class="power"),
    entity("sensor.rainwater", "Rainwater Tank", None, "64", device_class="volume"),
    entity("todo.shopping", "Shopping List", None, "7"),
    entity("todo.repairs", "Repairs List", None, "4"),
)  # fmt: skip


def home(seed: int = 1) -> Data:
    """The whole home, the same for the same seed."""
    chance = random.Random(seed)
    rooms = [(floor, room) for floor, _name, _aliases in FLOORS for room in ROOMS[floor]]
    entities = [e for _floor, room in rooms for make in (lights, comfort, senses) for e in make(room, chance)]
    garage = ("open_cover", "set_cover_position")
    return {
        "name": "large",
        "floors": [{"id": i, "name": name, "aliases": aliases} for i, name, aliases in FLOORS],
        "areas": [
            {"id": slug(room), "name": room, "floor": floor, "aliases": ALIASES.get(room, [])} for floor, room in rooms
        ],
        "entities": [*entities, *SINGLES],
        "dangerous": [
            {"domain": "lock", "service": "unlock"},
            *({"domain": "cover", "service": service, "entity_id": "cover.coach_house"} for service in garage),
            {"domain": "alarm_control_panel", "service": "alarm_disarm"},
            {"domain": "switch", "service": "turn_on", "entity_id": "switch.sauna"},
        ],
        "default_media_player": {slug(room): f"media_player.{slug(room)}" for room in WITH_SPEAKER}
        | {"cinema": "media_player.projector", "nursery": "media_player.nursery_radio"},
    }


if __name__ == "__main__":
    json.dump(home(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
