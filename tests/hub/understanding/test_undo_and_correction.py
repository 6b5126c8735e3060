"""Whatever was done, undo brings back what was before; a correction replaces what it corrects and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.understanding.decisions import Act
from hub.understanding.house import Entity, House

# What a lamp that is off, or a blind that has moved, says of itself beside this is no matter of undo.
_TOLD = ("brightness", "temperature", "current_position", "volume_level", "is_volume_muted", "percentage")
_REQUESTS = (
    ("lounge", "dim the big light to thirty percent"),
    ("lounge", "make the big light a bit brighter"),
    ("lounge", "turn on the reading lamp"),
    ("lounge", "close the curtains"),
    ("lounge", "curtains to forty percent"),
    ("lounge", "turn off the christmas tree and close the curtains"),
    ("lounge", "set the telly volume to sixty percent"),
    ("lounge", "mute the telly"),
    ("lounge", "turn off the christmas tree"),
    ("hall", "set the heating to twenty one"),
    ("hall", "heating up two degrees"),
    ("hall", "turn the heating down a degree"),
    ("kitchen", "kettle on"),
    ("main_bedroom", "turn on the right bedside lamp"),
    ("main_bedroom", "desk fan to thirty percent"),
)
_FAST = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _states(house: House) -> dict[str, Any]:
    return {i: _state(entity) for i, entity in house.entities.items()}


def _state(entity: Entity) -> tuple[str, dict[str, Any]]:
    if entity.domain == "light" and entity.state != "on":
        return entity.state, {}
    told = {key: entity.attributes[key] for key in _TOLD if entity.attributes.get(key)}
    if "brightness" in told:
        told["brightness"] = round(told["brightness"] / 2.55)  # it is restored in per cent
    return entity.state, told


@_FAST
@given(asked=st.lists(st.sampled_from(_REQUESTS), min_size=1, max_size=6))
def test_undo_goes_back_step_by_step_through_any_deeds(talking, asked):
    talk = talking("british")
    before = []
    for area, words in asked:
        states = _states(talk.household.house)
        if any(isinstance(decision, Act) for decision in talk.user(area, words)):
            before.append(states)
    for states in reversed(before):
        talk.user("hall", "undo that")
        assert _states(talk.household.house) == states


def test_what_a_turn_did_in_several_breaths_is_undone_together(talking):
    talk = talking("british", mode="both")
    before = _states(talk.household.house)
    talk.user("lounge", "turn off the christmas tree and close the curtains")
    acts = [
        d for d in talk.assistant("I'm turning off the Christmas tree and closing the curtains.") if isinstance(d, Act)
    ]
    assert len(acts) == 2
    talk.user("lounge", "undo that")
    assert _states(talk.household.house) == before


def test_of_what_a_turn_did_one_device_can_be_undone_and_then_the_rest(talking):
    talk = talking("british")
    before = _states(talk.household.house)
    talk.user("lounge", "turn off the christmas tree and close the curtains")
    talk.user("lounge", "put the curtains back to how they were")
    after = _states(talk.household.house)
    assert after["cover.lounge_curtains"] == before["cover.lounge_curtains"]
    assert after["switch.tree"][0] == "off"
    talk.user("lounge", "undo that")
    assert _states(talk.household.house) == before


@_FAST
@given(
    verb=st.sampled_from(["turn on", "turn off"]),
    names=st.permutations(["kettle", "reading lamp", "christmas tree"]),
    how=st.sampled_from(["no i meant the {}", "sorry, i meant the {}", "no, not that one, the {}", "no i said the {}"]),
)
def test_a_correction_replaces_exactly_what_it_corrects(talking, verb, names, how):
    corrected, plain = talking("british"), talking("british")
    corrected.user("lounge", f"{verb} the {names[0]}")
    corrected.user("lounge", how.format(names[1]))
    plain.user("lounge", f"{verb} the {names[1]}")
    assert _states(corrected.household.house) == _states(plain.household.house)


@_FAST
@given(wrong=st.integers(1, 3), right=st.integers(1, 3), up=st.booleans())
def test_a_corrected_step_starts_from_where_it_was(talking, wrong, right, up):
    talk = talking("british")
    ways = ("up", "down") if up else ("down", "up")
    talk.user("hall", f"turn the heating {ways[0]} by {wrong} degrees")
    talk.user("hall", f"no i meant {ways[1]} {right}")
    heating = talk.household.house.entities["climate.heating"]
    assert heating.attributes["temperature"] == 19 + (-right if up else right)


@pytest.mark.parametrize("more", ["one degree more", "another degree", "and another", "up one", "one degree warmer"])
def test_a_second_step_goes_on_from_the_first(talking, more):
    talk = talking("british")
    talk.user("hall", "turn the heating up by one degree")
    (act,) = talk.user("hall", more)
    assert act.actions[0].step == {"temperature_delta": 1}
    assert talk.household.house.entities["climate.heating"].attributes["temperature"] == 21


def test_what_was_never_done_is_not_corrected(talking):
    talk = talking("british", mode="both")
    talk.user("kitchen", "kettle on")
    talk.assistant("Kettle on.")
    talk.user("lounge", "dim the big light to fifty percent")
    talk.assistant("Dimming the big light to fifteen percent.")
    talk.user("lounge", "fifty not fifteen")
    talk.assistant("Sorry, fifty percent.")
    assert talk.household.house.entities["switch.kettle"].state == "on"
    assert round(talk.household.house.entities["light.lounge_main"].attributes["brightness"] / 2.55) == 50
