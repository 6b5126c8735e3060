"""What may be asked of the house that speaks, by name: the same for the command line and the API."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.dialog.house_speaks import AreaOutcome, NotPlayedError
from hub.dialog.question import Answer
from hub.dialog.quiet import Quiet
from hub.home.demo import DemoHome
from hub.house_methods import HouseMethods
from hub.server.control import BadRequestError
from protocol.errors import RoomtoneError, UnknownAreaError

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class House:
    """Notes what it is asked."""

    def __init__(self):
        self.asked = []
        self.quiet = self
        self.intercoms = self

    async def announce(self, text, area_ids=None, *, urgent=False):
        self.asked.append(("announce", text, area_ids, urgent))
        return [
            AreaOutcome("kitchen", "Kitchen", None),
            AreaOutcome("office", "Office", NotPlayedError("It was cut short.")),
        ]

    async def ask(self, text, area_id, *, choices=(), timeout_s=8.0):
        self.asked.append(("ask", text, area_id, tuple(choices), timeout_s))
        return Answer("Yes please.", "yes")

    async def call(self, from_id, to_id):
        self.asked.append(("call", from_id, to_id))
        return Call("i-1")

    def hang_up(self, area_id=None):
        self.asked.append(("hang_up", area_id))
        return [("kitchen", "office")]

    def of(self, area_id):
        self.asked.append(("of", area_id))
        return Quiet(quiet=False)

    def switch(self, area_id, *, quiet, until=None):
        self.asked.append(("switch", area_id, quiet, until))
        return Quiet(quiet=quiet, by="person", until=until)


@dataclass
class Call:
    call: str


@pytest.fixture
def house():
    return House()


@pytest.fixture
def methods(house):
    return HouseMethods(DemoHome(now=lambda: 0.0), house, now=lambda: NOW).table()


async def test_an_announcement_names_rooms_as_people_do_and_tells_of_each(house, methods):
    told = await methods["announce"]({"text": "Dinner!", "areas": ["Living Room", "study"], "urgent": True})
    assert house.asked == [("announce", "Dinner!", ["living_room", "office"], True)]
    assert told == {
        "areas": [
            {"area": "kitchen", "name": "Kitchen", "played": True},
            {
                "area": "office",
                "name": "Office",
                "played": False,
                "code": "cut",
                "message": "It was cut short.",
                "retry": True,
            },
        ],
        "played": False,
    }
    await methods["announce"]({"text": "Dinner!"})
    assert house.asked[1] == ("announce", "Dinner!", None, False)


async def test_a_question_a_call_and_its_end(house, methods):
    told = await methods["ask"]({"text": "Tea?", "area": "Kitchen", "choices": ["yes", "no"], "timeout_s": 3})
    assert told == {"area": "kitchen", "answer": "Yes please.", "choice": "yes"}
    assert await methods["intercom"]({"from_area": "Kitchen", "to_area": "Garage"}) == {
        "call": "i-1",
        "areas": ["kitchen", "garage"],
        "names": ["Kitchen", "Garage"],
    }
    assert await methods["hang_up"]({}) == {"ended": [["kitchen", "office"]]}
    await methods["hang_up"]({"area": "garage"})
    assert house.asked == [
        ("ask", "Tea?", "kitchen", ("yes", "no"), 3.0),
        ("call", "kitchen", "garage"),
        ("hang_up", None),
        ("hang_up", "garage"),
    ]


async def test_quiet_is_shown_switched_and_ended_at_a_time(house, methods):
    assert (await methods["quiet"]({"area": "Bedroom"}))["quiet"] is False
    await methods["quiet"]({"area": "Bedroom", "state": "off"})
    told = await methods["quiet"]({"area": "Bedroom", "until": "6:30"})
    assert told == {
        "area": "bedroom",
        "name": "Bedroom",
        "quiet": True,
        "by": "person",
        "until": "2026-11-22T06:30+00:00",
    }
    assert house.asked == [
        ("of", "bedroom"),
        ("switch", "bedroom", False, None),
        ("switch", "bedroom", True, datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("announce", {}, "text"),
        ("announce", {"text": "  "}, "text"),
        ("announce", {"text": "a" * 501}, "text"),
        ("announce", {"text": "a", "area": "kitchen"}, "area"),
        ("ask", {"text": "a"}, "area"),
        ("ask", {"text": "a", "area": "kitchen", "timeout_s": 0}, "timeout_s"),
        ("ask", {"text": "a", "area": "kitchen", "timeout_s": True}, "timeout_s"),
        ("ask", {"text": "a", "area": "kitchen", "choices": ["a"] * 21}, "choices"),
        ("quiet", {"area": "kitchen", "until": "24:00"}, "until"),
        ("quiet", {"area": "kitchen", "state": "off", "until": "12:00"}, "until"),
        ("intercom", {"from_area": "kitchen"}, "to_area"),
        ("hang_up", {"area": 3}, "area"),
    ],
)
async def test_what_does_not_fit_is_told_and_not_done(house, methods, name, params, words):
    with pytest.raises(BadRequestError, match=words):
        await methods[name](params)
    assert house.asked == []


async def test_an_unknown_room_is_told_with_the_nearest(methods):
    with pytest.raises(UnknownAreaError, match="Did you mean Kitchen"):
        await methods["ask"]({"text": "Tea?", "area": "Kitchn"})


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(["text", "area", "areas", "choices", "timeout_s", "state", "until", "from_area", "x"])


@given(
    st.sampled_from(["announce", "ask", "intercom", "hang_up", "quiet"]),
    st.dictionaries(keys, json_values | st.sampled_from(["kitchen", "on", "12:00"]), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_any_json_is_answered_or_refused_with_a_code(name, params):
    table = HouseMethods(DemoHome(now=lambda: 0.0), House(), now=lambda: NOW).table()
    code = "done"
    try:
        asyncio.run(table[name](params))
    except RoomtoneError as error:
        code = error.code
    assert code in {"done", "bad_request", "unknown_area"}
