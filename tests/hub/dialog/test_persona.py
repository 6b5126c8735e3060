"""Who the assistant is in a room at an hour."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config_persona import PersonaSettings
from hub.dialog.persona import (
    ADVISED_PROMPT_TOKENS,
    DEFAULT_PERSONA,
    as_persona,
    choose_persona,
    default_persona,
    prompt_advice,
    rough_tokens,
)
from hub.understanding.house import Area

KITCHEN = Area("kitchen", "Kitchen", aliases=("scullery",))
NURSERY = Area("nursery", "Children's room")
NOON, MIDNIGHT = time(12), time(0, 30)


def persona(name, **given_):
    return PersonaSettings(name=name, prompt=f"You are {name}.", **given_)


COOK = persona("cook", areas=("Kitchen",))
NIGHT = persona("night", hours="22:00-07:00")
NIGHT_COOK = persona("night cook", areas=("kitchen",), hours="22:00-07:00")
BUTLER = persona("butler", voice="NATM0")


def chosen(personas, area, at, default="home"):
    return choose_persona(personas, default, area=area, local_time=at).name


@pytest.mark.parametrize(
    ("area", "at", "name"),
    [
        (KITCHEN, NOON, "cook"),
        (KITCHEN, MIDNIGHT, "night cook"),
        (NURSERY, MIDNIGHT, "night"),
        (NURSERY, NOON, "butler"),
        (None, NOON, "butler"),
        (None, MIDNIGHT, "night"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_closest_persona_speaks_whatever_the_order_of_the_file(area, at, name, order):
    assert chosen([BUTLER, NIGHT, COOK, NIGHT_COOK][::order], area, at) == name


def test_an_area_is_known_by_id_name_or_alias_ignoring_case():
    for word in ("KITCHEN", "kitchen", "Scullery"):
        assert chosen([persona("cook", areas=(word,))], KITCHEN, NOON) == "cook"


def test_a_room_goes_before_an_hour():
    assert chosen([NIGHT, COOK], KITCHEN, MIDNIGHT) == "cook"


def test_among_equals_the_first_written_counts():
    assert chosen([COOK, persona("other cook", areas=("kitchen",))], KITCHEN, NOON) == "cook"


def test_the_named_default_goes_before_one_that_is_merely_unbound():
    assert chosen([BUTLER, COOK], NURSERY, NOON, default="cook") == "cook"


def test_without_any_persona_the_built_in_one_speaks():
    assert choose_persona((), "home", area=KITCHEN, local_time=NOON) is DEFAULT_PERSONA
    assert DEFAULT_PERSONA.prompt.strip()
    assert rough_tokens(DEFAULT_PERSONA.prompt) < ADVISED_PROMPT_TOKENS


def test_the_built_in_name_can_be_given_to_another():
    mine = persona("Home")
    assert default_persona([BUTLER, mine], "home") == as_persona(mine)


@pytest.mark.parametrize(("at", "name"), [("21:59", "home"), ("22:00", "night"), ("06:59", "night"), ("07:00", "home")])
def test_hours_include_their_begin_and_not_their_end(at, name):
    assert chosen([NIGHT], KITCHEN, time.fromisoformat(at)) == name


@given(
    hours=st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] != pair[1]),
    at=st.integers(0, 1439),
)
def test_two_personas_that_split_the_day_never_both_speak_nor_neither(hours, at):
    def clock(minute):
        return f"{minute // 60:02}:{minute % 60:02}"

    start, end = hours
    one = persona("one", hours=f"{clock(start)}-{clock(end)}")
    other = persona("other", hours=f"{clock(end)}-{clock(start)}")
    at_time = time(at // 60, at % 60)
    alone = {chosen([one], None, at_time), chosen([other], None, at_time)}
    assert alone in ({"one", "home"}, {"other", "home"})


def test_a_long_prompt_gets_advice_and_a_short_one_none():
    assert prompt_advice(persona("short")) is None
    long = PersonaSettings(name="long", prompt="You know the weather. " * 150)
    assert "“long” has about" in prompt_advice(long)
