"""Whether an action is part of what was asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.asked import is_within, parts_asked, restricted, same_call
from hub.understanding.house import Action

ids = st.sets(st.sampled_from(["light.a", "light.b", "light.c"])).map(lambda found: tuple(sorted(found)))
actions = st.builds(
    Action, st.just("light"), st.sampled_from(["turn_on", "turn_off"]), ids,
    st.sampled_from([{}, {"brightness_pct": 20}]),
)  # fmt: skip


@given(actions, st.lists(actions, max_size=4))
def test_what_was_asked_for_is_within_it_and_so_is_every_part(action, others):
    assert is_within(action, [*others, action])
    for entity_id in action.entity_ids:
        assert is_within(restricted(action, [entity_id]), [action])


@given(actions, actions)
def test_another_call_or_another_device_is_not(one, other):
    within = is_within(one, [other])
    if not same_call(one, other) or not set(one.entity_ids) <= set(other.entity_ids):
        assert not within
    if other.entity_ids and not one.entity_ids:
        assert not within  # no device in particular is not this device


def test_a_value_that_was_named_outright_is_no_step():
    by_one = Action("climate", "set_temperature", ("climate.a",), {"temperature": 21}, step={"temperature_delta": 1})
    outright = Action("climate", "set_temperature", ("climate.a",), {"temperature": 21})
    assert parts_asked([by_one], [outright]) == (outright,)
    assert parts_asked([by_one], [by_one]) == (by_one,)
