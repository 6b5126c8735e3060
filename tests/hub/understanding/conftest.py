"""Three homes: a British one, one with more than 300 devices, and one whose names are traps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.evals.household import Household
from hub.understanding.decisions import Act, Decision, Mode, Moment, Said
from hub.understanding.house import Area, Entity, Floor, House
from hub.understanding.listener import Listener
from hub.understanding.parser import Parser
from hub.understanding.policy import Policy
from hub.understanding.understood import Understanding

NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)
DIM = ("brightness",)
TUNABLE = ("brightness", "color_temp")
COLOR = ("brightness", "color", "color_temp")
PLAYER = ("play", "pause", "next", "previous", "volume", "mute")


def _entity(
    entity_id: str, name: str, area: str | None, state: str, caps: tuple[str, ...] = (), *aliases: str,
    exposed: bool = True, **attributes: Any,
) -> Entity:  # fmt: skip
    return Entity(entity_id, name, area, aliases, state, attributes, frozenset(caps), exposed)


def _house(name: str, floors: tuple[Floor, ...], areas: tuple[Area, ...], *entities: Entity) -> House:
    return House(name, floors, areas, {e.entity_id: e for e in entities}, "Europe/London", 1)


def british_house() -> House:
    e = _entity
    return _house(
        "british",
        (Floor("ground", "Ground Floor", ("downstairs",)), Floor("first", "First Floor", ("upstairs",)),
         Floor("out", "Outside", ("outdoors",))),
        (
            Area("lounge", "Lounge", "ground", ("living room", "front room")), Area("kitchen", "Kitchen", "ground"),
            Area("conservatory", "Conservatory", "ground"), Area("hall", "Hall", "ground", ("hallway",)),
            Area("landing", "Landing", "first"), Area("main_bedroom", "Main Bedroom", "first", ("our room",)),
            Area("box_room", "Box Room", "first", ("office",)), Area("bathroom", "Bathroom", "first"),
            Area("garden", "Garden", "out"), Area("garage", "Garage", "out"),
        ),
        e("light.lounge_main", "Lounge Main Light", "lounge", "on", TUNABLE, "big light", brightness=204,
          min_color_temp_kelvin=2200, max_color_temp_kelvin=6500),
        e("light.lounge_lamp", "Reading Lamp", "lounge", "off", COLOR),
        e("light.kitchen_spots", "Kitchen Spotlights", "kitchen", "on", DIM, brightness=255),
        e("light.kitchen_plinth", "Plinth Lights", "kitchen", "off", COLOR),
        e("light.conservatory", "Conservatory Light", "conservatory", "off"),
        e("light.hall", "Hall Light", "hall", "on", DIM, brightness=128),
        e("light.landing", "Landing Light", "landing", "off", DIM),
        e("light.bedroom", "Bedroom Light", "main_bedroom", "off", TUNABLE),
        e("light.left_bedside", "Left Bedside Lamp", "main_bedroom", "on", COLOR, brightness=100),
        e("light.right_bedside", "Right Bedside Lamp", "main_bedroom", "off", COLOR),
        e("light.box_room", "Box Room Light", "box_room", "unavailable", DIM),
        e("light.bathroom", "Bathroom Light", "bathroom", "on"),
        e("light.garden", "Festoon Lights", "garden", "off", DIM, "party lights"),
        e("light.secret", "Cellar Light", None, "off", exposed=False),
        e("switch.kettle", "Kettle", "kitchen", "off"),
        e("switch.immersion", "Immersion Heater", "bathroom", "off"),
        e("switch.tree", "Christmas Tree", "lounge", "on"),
        e("climate.heating", "Heating", "hall", "heat", ("temperature", "heat", "off", "auto"), "thermostat",
        temperature=19,
          current_temperature=18.5, min_temp=7, max_temp=30, hvac_modes=["off", "heat", "auto"]),
        e("climate.bedroom_trv", "Bedroom Radiator", "main_bedroom", "heat", ("temperature", "heat", "off"),
        temperature=17,
          current_temperature=16.9, min_temp=5, max_temp=28, hvac_modes=["off", "heat"]),
        e("water_heater.boiler", "Boiler", "kitchen", "eco", ("temperature",), "hot water", temperature=50,
        min_temp=40, max_temp=65),
        e("fan.bathroom", "Extractor Fan", "bathroom", "off", ("percentage",)),
        e("fan.bedroom", "Desk Fan", "main_bedroom", "on", ("percentage", "oscillate"), percentage=66,
        oscillating=False),
        e("cover.lounge_curtains", "Lounge Curtains", "lounge", "open", ("open", "close", "position", "stop"),
        device_class="curtain", current_position=100),
        e("cover.kitchen_blind", "Kitchen Blind", "kitchen", "closed", ("open", "close", "position", "stop"),
        device_class="blind", current_position=0),
        e("cover.conservatory_blinds", "Conservatory Blinds", "conservatory", "open", ("open", "close"),
        device_class="blind"),
        e("cover.garage_door", "Garage Door", "garage", "closed", ("open", "close"), device_class="garage"),
        e("lock.front_door", "Front Door", "hall", "locked"), e("lock.back_door", "Back Door", "kitchen", "unlocked"),
        e("media_player.telly", "Telly", "lounge", "playing", PLAYER, device_class="tv", volume_level=0.4,
        source_list=["HDMI 1", "Freeview"]),
        e("media_player.kitchen", "Kitchen Speaker", "kitchen", "paused", PLAYER, device_class="speaker",
        volume_level=0.2),
        e("media_player.bedroom", "Bedroom Speaker", "main_bedroom", "off", PLAYER, device_class="speaker",
        volume_level=0.3),
        e("vacuum.henry", "Henry", "kitchen", "docked", ("start", "pause", "return_home"), "hoover", battery_level=90),
        e("alarm_control_panel.house", "House Alarm", "hall", "disarmed"),
        e("scene.film_night", "Film Night", None, "unknown"), e("scene.bedtime", "Bedtime", None, "unknown"),
        e("script.leaving", "Leaving the House", None, "off"),
        e("humidifier.bedroom", "Bedroom Humidifier", "main_bedroom", "on", (), device_class="humidifier", humidity=45),
        e("todo.shopping", "Shopping List", None, "2", ("add_item",)),
        e("binary_sensor.kitchen_window", "Kitchen Window", "kitchen", "on", device_class="window"),
        e("binary_sensor.bathroom_window", "Bathroom Window", "bathroom", "off", device_class="window"),
        e("binary_sensor.hall_motion", "Hall Motion", "hall", "off", device_class="motion"),
        e("binary_sensor.leak", "Boiler Leak", "kitchen", "off", device_class="moisture"),
        e("sensor.lounge_temperature", "Lounge Temperature", "lounge", "20.6", device_class="temperature",
        unit_of_measurement="°C"),
        e("sensor.bathroom_humidity", "Bathroom Humidity", "bathroom", "71", device_class="humidity",
        unit_of_measurement="%"),
        e("sensor.outside_temperature", "Outside Temperature", "garden", "unavailable", device_class="temperature",
        unit_of_measurement="°C"),
        e("sensor.power", "House Power", None, "420", device_class="power", unit_of_measurement="W"),
        e("sensor.remote_battery", "Doorbell Battery", "hall", "55", device_class="battery", unit_of_measurement="%"),
        e("weather.home", "Home", None, "rainy", temperature=11),
    )  # fmt: skip


def large_house() -> House:
    first = [
        "Atrium",
        "Library",
        "Gallery",
        "Pantry",
        "Scullery",
        "Nursery",
        "Studio",
        "Workshop",
        "Ballroom",
        "Sunroom",
    ]
    second = ["Mudroom", "Den", "Loft", "Gym", "Cinema", "Cellar", "Chapel", "Orchard", "Stables", "Terrace"]
    rooms = [*first, *second]
    floors = (Floor("f0", "Lower Floor"), Floor("f1", "Middle Floor"), Floor("f2", "Top Floor"))
    areas = tuple(Area(room.lower(), room, f"f{n % 3}") for n, room in enumerate(rooms))
    entities: list[Entity] = []
    kinds = ("Ceiling Light", "Wall Light", "Floor Lamp", "Picture Light", "Strip Light", "Table Lamp")
    for room in rooms:
        slug = room.lower()
        for n, kind in enumerate(kinds):
            entities.append(
                _entity(f"light.{slug}_{n}", f"{room} {kind}", slug, "on" if n % 2 else "off", COLOR if n > 3 else DIM)
            )
        entities.append(
            _entity(
                f"cover.{slug}", f"{room} Shutters", slug, "open", ("open", "close", "position"), device_class="shutter"
            )
        )
        entities.append(
            _entity(
                f"climate.{slug}",
                f"{room} Thermostat",
                slug,
                "heat",
                ("heat", "off"),
                temperature=20,
                current_temperature=19,
            )
        )
        entities.append(_entity(f"media_player.{slug}", f"{room} Speaker", slug, "idle", PLAYER, volume_level=0.5))
        entities.append(_entity(f"fan.{slug}", f"{room} Fan", slug, "off", ("percentage",)))
        for what, unit in (("temperature", "°C"), ("humidity", "%"), ("battery", "%"), ("illuminance", "lx")):
            entities.append(
                _entity(
                    f"sensor.{slug}_{what}",
                    f"{room} {what.title()}",
                    slug,
                    "21",
                    device_class=what,
                    unit_of_measurement=unit,
                )
            )
        entities += [
            _entity(f"binary_sensor.{slug}_{what}", f"{room} {what.title()}", slug, "off", device_class=what)
            for what in ("door", "window", "motion")
        ]
    return _house("large", floors, areas, *entities)


def trap_house() -> House:
    e = _entity
    return _house(
        "traps",
        (Floor("only", "Main Floor"),),
        (Area("salon", "Salon", "only"), Area("open_plan", "Open Plan", "only"), Area("half_landing", "Half Landing",
        "only"),
         Area("room_2", "Room 2", "only"), Area("color", "Green Room", "only")),
        e("light.dim_sum", "Dim Sum Lamp", "salon", "off", DIM),
        e("light.on_air", "On Air Sign", "salon", "off"),
        e("light.salt_and_pepper", "Salt and Pepper Lamp", "salon", "off", DIM),
        e("light.open_plan", "Open Plan Light", "open_plan", "off", DIM),
        e("light.half", "Half Landing Light", "half_landing", "on", DIM, brightness=80),
        e("light.room_2", "Room 2 Light", "room_2", "off", DIM), e("light.lamp_1", "Lamp One", "room_2", "off", DIM),
        e("light.lamp_2", "Lamp Two", "room_2", "off", DIM), e("light.green", "Green Room Light", "color", "off",
        COLOR),
        e("switch.turn_table", "Turntable", "salon", "off"), e("switch.pause", "Pause Button Light", "salon", "off"),
        e("light.emoji", "🌙 Moon Lamp", "salon", "off"), e("light.bare_emoji", "🔥🔥", "salon", "off"),
        e("light.empty", "", "salon", "off"), e("light.twin_a", "Twin", "salon", "off"), e("light.twin_b", "Twin",
        "salon", "off"),
        e("switch.stop", "Stop Motion Rig", "salon", "on"), e("lock.not", "Knot Garden Gate", None, "locked"),
        e("cover.up", "Up and Over Door", "salon", "closed", ("open", "close"), device_class="garage"),
        e("light.never", "Never Land Lamp", "salon", "off", DIM),
        e("switch.when", "When I Dream Projector", "salon", "off"),
        e("scene.lock_down", "Lockdown", None, "unknown"), e("switch.fifty", "50% Heater", "salon", "off"),
        e("light.regex", "(.*)+ Lamp [a-z]", "salon", "off"), e("light.chinese", "客厅灯", "salon", "off"),
    )  # fmt: skip


def plain_house() -> House:
    """Names as people give them, area first."""
    e = _entity
    return _house(
        "plain",
        (),
        (Area("kitchen", "Kitchen"), Area("living_room", "Living Room"), Area("office", "Office")),
        e("light.kitchen_lights", "Kitchen Lights", "kitchen", "off", DIM),
        e("light.counter", "Counter Light", "kitchen", "off", DIM),
        e("cover.living_room_blinds", "Living Room Blinds", "living_room", "open", ("position",), device_class="blind"),
        e("cover.office_blind", "Office Blind", "office", "open", ("position",), device_class="blind"),
        e(
            "climate.living_room_thermostat",
            "Living Room Thermostat",
            "living_room",
            "heat",
            ("heat", "off"),
            temperature=20,
        ),
    )


HOUSES: dict[str, House] = {
    "british": british_house(),
    "large": large_house(),
    "traps": trap_house(),
    "plain": plain_house(),
}
LISTENER = Parser()


@pytest.fixture
def houses() -> dict[str, House]:
    return HOUSES


@pytest.fixture
def hear() -> Callable[..., Understanding]:
    """Understand a sentence: hear("british", "kitchen", "Lights on.")."""

    def heard(house: str | House, area: str | None, text: str) -> Understanding:
        return LISTENER.understand(text, HOUSES[house] if isinstance(house, str) else house, area, NOW)

    return heard


def _colored(entity: Entity) -> Entity:
    """A light with the colour modes that Home Assistant would tell, by which the house follows."""
    modes = [mode for mode, need in (("color_temp", "color_temp"), ("hs", "color")) if need in entity.capabilities]
    modes = modes or ["brightness" if "brightness" in entity.capabilities else "onoff"]
    return replace(
        entity,
        attributes={
            **entity.attributes,
            "supported_color_modes": modes,
            "min_color_temp_kelvin": 2000,
            "max_color_temp_kelvin": 6500,
        },
    )


class Talk:
    """A conversation with a listener, in a house that follows what is done, on a clock of its own."""

    def __init__(self, house: House, *, policy: Policy = Policy(), mode: Mode = "user") -> None:  # noqa: B008 - frozen
        self.household = Household(replace(house, entities={i: _colored(e) for i, e in house.entities.items()}))
        self.listener = Listener(Parser(policy=policy), policy=policy, mode=mode)
        self.at_s = 100.0

    def moment(self) -> Moment:
        now = NOW + timedelta(seconds=self.at_s)
        return Moment(self.household.house, now, self.at_s, round(self.at_s / 0.08))

    def user(self, area: str | None, text: str, **more: Any) -> list[Decision]:
        self.at_s += 1.0
        return self._carried_out(self.listener.hear(Said(text, area, **more), self.moment()))

    def assistant(self, text: str, *, interrupted: bool = False) -> list[Decision]:
        """Speak a text in pieces, a word every 240 ms, and fall silent."""
        decisions: list[Decision] = []
        for word in text.split():
            for piece in (f"\u2581{word}", "", ""):
                self.at_s += 0.08
                decisions += self._carried_out(self.listener.speak(piece, self.moment()))
        return [*decisions, *self._carried_out(self.listener.fall_silent(self.moment(), interrupted=interrupted))]

    def wait(self, seconds: float) -> list[Decision]:
        decisions: list[Decision] = []
        for _ in range(round(seconds / 0.08)):
            self.at_s += 0.08
            decisions += self._carried_out(self.listener.tick(self.moment()))
        return decisions

    def _carried_out(self, decisions: tuple[Decision, ...]) -> list[Decision]:
        for decision in decisions:
            if isinstance(decision, Act):
                results = [self.household.act(action) for action in decision.actions]
                self.listener.done(decision, results, self.moment())
        return list(decisions)


@pytest.fixture
def talking() -> Callable[..., Talk]:
    """A new conversation: talking("british"), talking("british", mode="both")."""

    def begun(house: str | House, **more: Any) -> Talk:
        return Talk(HOUSES[house] if isinstance(house, str) else house, **more)

    return begun
