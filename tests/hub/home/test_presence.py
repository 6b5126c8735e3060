from __future__ import annotations

import pytest

from hub.home.presence import SensedPresence
from hub.understanding.house import Area, Entity, House


class SensorHome:
    """A house of sensors that the test sets."""

    def __init__(self, *sensors):
        self.house = House("home", areas=(Area("hall", "Hall"),))
        self.listeners = []
        self.set(*sensors)

    def on_change(self, listener):
        self.listeners.append(listener)

    def set(self, *sensors):
        entities = {
            entity_id: Entity(entity_id, "Sensor", area, state=state, attributes={"device_class": kind})
            for entity_id, area, kind, state in sensors
        }
        self.house = House("home", entities=entities, areas=self.house.areas)
        for entity_id in entities:
            for listener in self.listeners:
                listener(entity_id)


def sensor(kind, state, area="hall", name="one"):
    return (f"binary_sensor.{name}", area, kind, state)


@pytest.mark.parametrize(
    ("kind", "state", "sign"),
    [
        ("occupancy", "on", 1),
        ("occupancy", "off", -1),
        ("motion", "on", 1),
        ("motion", "off", -1),
        ("motion", "unavailable", 0),
        ("door", "on", 0),
    ],
)
def test_what_a_sensor_says_is_a_small_cue(kind, state, sign):
    nats = SensedPresence(SensorHome(sensor(kind, state))).log_odds("hall")
    assert (nats > 0) - (nats < 0) == sign
    assert abs(nats) < 1.0


def test_nobody_moving_says_less_than_nobody_being_there():
    still = SensedPresence(SensorHome(sensor("motion", "off"))).log_odds("hall")
    empty = SensedPresence(SensorHome(sensor("occupancy", "off"))).log_odds("hall")
    assert empty < still < 0


def test_of_several_sensors_the_one_that_has_seen_somebody_is_right():
    home = SensorHome(sensor("occupancy", "off", name="one"), sensor("motion", "on", name="two"))
    assert SensedPresence(home).log_odds("hall") > 0


def test_a_sensor_without_a_room_and_a_room_without_a_sensor_say_nothing():
    presence = SensedPresence(SensorHome(sensor("motion", "on", area=None)))
    assert presence.log_odds("hall") == presence.log_odds("attic") == 0.0


def test_what_changes_is_known_at_once():
    home = SensorHome(sensor("motion", "off"))
    presence = SensedPresence(home)
    assert presence.log_odds("hall") < 0
    home.set(sensor("motion", "on"))
    assert presence.log_odds("hall") > 0
