"""Names of colours: those of Home Assistant, and those that people say beside them."""

import pytest

from hub.home.colors import RGB_BY_NAME, in_its_own_names, rgb_by_name
from hub.understanding.lexicon import COLORS


def test_a_colour_without_a_name_there_is_sent_as_red_green_and_blue():
    data = in_its_own_names({"color_name": "amber", "transition": 1})
    assert data == {"transition": 1, "rgb_color": [255, 191, 0]}
    assert rgb_by_name("amber") == (255, 191, 0)


@pytest.mark.parametrize("data", [{"color_name": "red"}, {"brightness_pct": 40}, {}])
def test_everything_else_stays_as_it_is(data):
    assert in_its_own_names(data) == data


def test_no_name_of_home_assistant_is_taken_away():
    assert all(in_its_own_names({"color_name": name}) == {"color_name": name} for name in RGB_BY_NAME)
    assert {"amber", "lilac"} <= set(COLORS.values())
