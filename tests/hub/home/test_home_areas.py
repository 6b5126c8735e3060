from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config import AreaSettings
from hub.home.areas import find_area
from hub.home.demo_house import AREAS
from hub.home.none import NoHome
from hub.understanding.house import Action, Area, House
from protocol.errors import UnknownAreaError

HOUSE = House("Demo home", areas=AREAS)


@pytest.mark.parametrize(
    "text", ["living_room", "Living Room", "LIVING-ROOM", " living room. ", "Lounge", "livingroom"]
)
def test_a_room_answers_to_id_name_and_alias(text):
    assert find_area(HOUSE, text).id == "living_room"


def test_an_unknown_room_names_the_nearest():
    with pytest.raises(UnknownAreaError) as caught:
        find_area(HOUSE, "kitchn")
    assert "Did you mean Kitchen?" in caught.value.sentence


def test_the_id_wins_over_another_rooms_alias():
    house = House("h", areas=(Area("den", "Den", aliases=("office",)), Area("office", "Office")))
    assert find_area(house, "office").id == "office"


def test_a_house_without_rooms_says_so():
    with pytest.raises(UnknownAreaError, match="no areas yet"):
        find_area(House("Empty"), "kitchen")


@given(st.text(max_size=200))
def test_any_text_finds_a_room_or_an_error(text):
    try:
        found = find_area(HOUSE, text)
    except UnknownAreaError as caught:
        refusal = caught
    else:
        assert found in AREAS
        return
    assert "The areas are" in refusal.sentence


async def test_a_hub_without_a_home_says_how_to_add_one():
    home = NoHome([AreaSettings(id="tool_shed", name="Tool Shed", aliases=("shed",))])
    await home.start()
    assert "kind: assistant" in home.trouble.sentence
    assert find_area(home.house, "shed").id == "tool_shed"
    result = await home.act(Action("light", "turn_on", ("light.a",)), trace="t")
    assert (result.verified, result.error) == (False, "no_home")
    assert result.sentence == home.trouble.sentence
    home.on_change(print)()
    await home.close()
