"""Where a called session begins, and where it goes on to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.dialog.life import Life
from hub.dialog.sessions import Sessions
from hub.dialog.voices import Opening
from hub.rooms.arbiter import Arbiter
from hub.rooms.floor import Floors
from hub.rooms.reception import Reception
from hub.rooms.registry import Registry
from protocol.messages import Floor
from tests.hub.dialog.conftest import FakeLine
from tests.hub.dialog.speaking_house import until

pytestmark = pytest.mark.virtual_time


class House:
    def __init__(self, cast):
        self.floors, registry = Floors(), Registry()
        self.sessions = Sessions(
            replace(cast.voices, follow_up_s=20.0),
            self.floors,
            Reception(registry, Arbiter()),
            generation=lambda _line: 1,
            note=lambda *_: None,
            busy=lambda _line: None,
        )
        areas = ("kitchen", "hallway", "bedroom")
        self.lines = {area: FakeLine(device_id=area, area_id=area) for area in areas}
        self.rooms = {area: registry.add(line) for area, line in self.lines.items()}

    def call(self, area, session):
        self.sessions.call(self.lines[area], opening(session), ())

    async def opened(self, area):
        line = self.lines[area]
        await until(lambda: (found := self.sessions.at(line)) is not None and found.life is Life.OPEN)
        return self.sessions.at(line)

    def floors_of(self, area):
        return [message.state for message in self.lines[area].of(Floor)]


def opening(session):
    return Opening(session, f"trace-{session}", "alexa", "called", None, 0.0, 0.0)


@pytest.fixture
async def house(cast):
    house = House(cast)
    yield house
    await house.sessions.close()


async def test_where_a_guest_was_quicker_no_session_begins(cast, house):
    house.call("kitchen", "one")
    older = await house.opened("kitchen")

    async def comes():
        await older.close("intercom")
        house.floors.want("guest")
        assert house.floors.grant("guest", "kitchen")

    guest = asyncio.create_task(comes())
    await asyncio.sleep(0)
    house.call("kitchen", "two")
    await guest
    await asyncio.sleep(0.5)
    assert house.floors_of("kitchen") == ["granted", "released", "denied"]
    assert house.floors.session_in("kitchen") == "guest"
    assert len(house.floors) == 1
    assert len(cast.engine.sessions) == 1
    assert list(house.sessions) == []


async def test_a_session_that_is_brought_goes_on_to_where_the_call_was_heard_best(house):
    house.call("kitchen", "one")
    conversation = await house.opened("kitchen")
    assert house.sessions.bring("one", house.lines["hallway"], opening("two"))
    house.sessions.go_on_to(house.lines["hallway"], house.rooms["bedroom"])
    house.sessions.handovers.heard(house.lines["hallway"])
    assert conversation.line is house.lines["hallway"]
    house.sessions.handovers.heard(house.lines["bedroom"])
    assert conversation.line is house.lines["bedroom"]


async def test_what_was_said_of_a_call_that_came_to_nothing_is_not_said_of_the_next(house):
    house.call("kitchen", "one")
    await house.opened("kitchen")
    assert house.sessions.bring("one", house.lines["hallway"], opening("two"))
    house.sessions.go_on_to(house.lines["hallway"], house.rooms["bedroom"])
    house.sessions.handovers.refused(house.lines["hallway"], "not_woken")
    house.call("hallway", "three")
    await house.opened("hallway")
    assert house.sessions.handovers.to(house.lines["bedroom"]) is None
