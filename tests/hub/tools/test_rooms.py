"""Speaking to other rooms by voice: which words do, and what is said about it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.dialog.house_speaks import NotPlayedError
from hub.dialog.quiet import QuietHoursError
from hub.home.demo import DemoHome
from hub.tools.built_in import built_in_tools
from hub.tools.desk import ToolDesk
from hub.tools.registry import Registry
from hub.tools.requests import wants
from hub.tools.room_requests import room_request
from hub.tools.rooms import RoomTools, room_names
from protocol.errors import RoomtoneError

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NAMES = {
    "kitchen": "Kitchen",
    "office": "Office",
    "study": "Office",
    "living room": "Living Room",
    "garage": "Garage",
    "kids' room": "Kids' Room",
}


@pytest.mark.parametrize(
    ("text", "rooms", "message"),
    [
        ("Tell everyone dinner is ready.", (), "Dinner is ready"),
        ("Please tell everybody that we leave at five", (), "We leave at five"),
        ("Can you let the whole family know that Anna is home?", (), "Anna is home"),
        ("Announce that the bus leaves in ten minutes.", (), "The bus leaves in ten minutes"),
        ("Announce dinner is ready", (), "Dinner is ready"),
        ("Broadcast: time for bed!", (), "Time for bed"),
        ("Make an announcement that lunch is served", (), "Lunch is served"),
        ("Broadcast to the whole house that it is snowing", (), "It is snowing"),
        ("Announce in the kitchen and the study that I am late", ("Kitchen", "Office"), "I am late"),
        ("Tell the kitchen dinner's ready", ("Kitchen",), "Dinner's ready"),
        ("Tell the living room to come to the table", ("Living Room",), "Come to the table"),
        ("let the kids' room know that Grandma is on the phone", ("Kids' Room",), "Grandma is on the phone"),
        ("tell everyone to turn off the lights", (), "Turn off the lights"),
    ],
)
def test_announcements(text, rooms, message):
    request = wants(text, NOW, (), NAMES)
    assert request is not None
    assert (request.kind, request.rooms, request.values["message"]) == ("announce", rooms, message)


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("Call the kitchen.", "Kitchen"),
        ("intercom to the garage", "Garage"),
        ("Could you connect me with the study please", "Office"),
        ("talk to the living room", "Living Room"),
        ("start an intercom with the kitchen", "Kitchen"),
        ("drop in on the kids' room", "Kids' Room"),
        ("call the office on the intercom", "Office"),
        ("intercom to the sauna", "the sauna"),
    ],
)
def test_calls(text, room):
    request = wants(text, NOW, (), NAMES)
    assert request is not None
    assert (request.kind, request.rooms) == ("intercom", (room,))


@pytest.mark.parametrize("text", ["Hang up.", "end the call", "please stop the intercom", "turn the intercom off"])
def test_the_end_of_a_call(text):
    request = wants(text, NOW, (), NAMES)
    assert request is not None
    assert request.kind == "hang_up"


@pytest.mark.parametrize(
    "text",
    [
        "call mom",
        "call the police",
        "tell me a story",
        "tell the kitchen light to go on",
        "turn on the kitchen light and tell me when it is on",
        "let the living room be warmer",
        "did you tell everyone",
        "is everyone in the kitchen",
        "talk to me",
        "stop",
        "the kitchen",
        "who is in the garage",
        "announce",
        "tell everyone",
    ],
)
def test_what_speaks_to_no_room(text):
    assert wants(text, NOW, (), NAMES) is None


@given(st.text(max_size=80), st.dictionaries(st.text(min_size=1, max_size=12).map(str.lower), st.text(max_size=5)))
def test_any_words_and_any_names_are_borne(text, names):
    request = room_request(text.lower(), names)
    assert request is None or request.kind in {"announce", "intercom", "hang_up"}


# --- what is done and said ---


@dataclass
class Outcome:
    name: str
    error: RoomtoneError | None = None


class House:
    """Notes what it is asked."""

    def __init__(self):
        self.asked, self.outcomes, self.refusal = [], [Outcome("Kitchen"), Outcome("Office"), Outcome("Garage")], None

    def _note(self, *asked):
        self.asked.append(asked)
        if self.refusal is not None:
            raise self.refusal

    async def announce(self, text, area_ids=None, *, but=""):
        self._note("announce", text, area_ids, but)
        return self.outcomes

    def call_after_turn(self, from_id, to_id):
        self._note("call", from_id, to_id)

    def hang_up(self, area_id=None):
        self._note("hang_up", area_id)


class Desk:
    def __init__(self):
        home, self.house = DemoHome(wall_clock=lambda: NOW), House()
        parts = {"calendar": None, "weather": None, "messages": None}
        tools = built_in_tools(
            ("rooms",), **parts, deeds=None, now=lambda: NOW, rooms=RoomTools(home, lambda: self.house).tools()
        )
        self.registry = Registry(tools)
        self.desk = ToolDesk(
            self.registry,
            **parts,
            now=lambda: NOW,
            now_s=lambda: asyncio.get_running_loop().time(),
            for_house=lambda _text, _area: False,
            rooms=lambda: room_names(home),
        )
        self.turn = 0

    async def say(self, text, area="bedroom"):
        self.turn += 1
        return await self.desk.heard(text, area_id=area, trace=f"t{self.turn}")


@pytest.fixture
async def desk():
    desk = Desk()
    yield desk
    await desk.desk.close()


async def test_everyone_is_told_but_the_room_that_asked_for_it(desk):
    reply = await desk.say("Tell everyone dinner is ready.")
    assert desk.house.asked == [("announce", "Dinner is ready", None, "bedroom")]
    assert (reply.sentence, reply.tool, reply.error) == ("I have told everyone.", "announce", None)
    desk.house.outcomes = [Outcome("Kitchen"), Outcome("Office", NotPlayedError("It was cut short."))]
    reply = await desk.say("Announce in the kitchen and the office that I am late")
    assert desk.house.asked[1] == ("announce", "I am late", ["kitchen", "office"], "")
    assert reply.sentence == "I have said it in Kitchen, but not in Office."


async def test_what_nobody_heard_is_told_with_the_reason(desk):
    desk.house.outcomes = [Outcome("Kitchen", QuietHoursError("Kitchen is not to be disturbed until 07:00."))]
    reply = await desk.say("Tell the kitchen that I am late")
    assert reply.error == "tool_failed"
    assert reply.sentence == "Nobody has heard it. Kitchen is not to be disturbed until 07:00."
    desk.house.refusal = QuietHoursError("Kitchen is not to be disturbed.")
    assert (await desk.say("call the kitchen")).sentence == "Kitchen is not to be disturbed."


async def test_a_call_is_made_and_ended_from_the_room_that_says_so(desk):
    assert (await desk.say("Call the study.")).sentence == "Calling Office."
    assert (await desk.say("hang up")).sentence == "The call is over."
    assert (await desk.say("intercom to the sauna")).sentence == "I know no room called the sauna."
    assert desk.house.asked == [("call", "bedroom", "office"), ("hang_up", "bedroom")]


async def test_a_model_only_puts_the_question(desk):
    result = await desk.desk.call("announce", {"text": "Dinner is ready"}, key="k", area_id="bedroom")
    assert result.data["done"] is False
    assert desk.house.asked == []
    reply = await desk.say("yes")
    assert reply.sentence == "I have told everyone."
    assert desk.house.asked == [("announce", "Dinner is ready", None, "bedroom")]


def test_a_household_can_do_without():
    parts = {"calendar": None, "weather": None, "messages": None}
    assert built_in_tools((), **parts, deeds=None, now=lambda: NOW, rooms=RoomTools(None, House).tools()) == []
