"""What the policy lets be done at once: sorted device by device, and a later deed goes with the one before it."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.decisions import Act, Confirm, Said, Tell
from hub.understanding.house import Action, Area, Entity, House
from hub.understanding.permission import all_atoms, permit, without
from hub.understanding.policy import Policy, Rule

NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)
HOUSE = House(
    "small",
    (),
    (Area("yard", "Back Yard", aliases=("garden",)), Area("hall", "Hall")),
    {
        e.entity_id: e
        for e in (
            Entity("valve.tap", "Garden Tap", "yard", state="closed"),
            Entity("light.hall", "Hall Light", "hall", state="off"),
            Entity("lock.door", "Front Door", "hall", state="locked"),
        )
    },
    "Europe/London",
    1,
)
services = st.sampled_from(
    [("valve", "open_valve"), ("valve", "close_valve"), ("light", "turn_on"), ("lock", "unlock"), ("lock", "lock")]
)
DEVICE = {"valve": "valve.tap", "light": "light.hall", "lock": "lock.door"}


@st.composite
def actions(draw):
    domain, service = draw(services)
    delay = draw(st.sampled_from([None, 60, 600]))
    return Action(domain, service, (DEVICE[domain],), {} if delay is None else {"delay": delay})


requests = st.lists(actions(), max_size=6, unique_by=lambda action: (action.service, str(action.data)))


def sort(*asked, policy=Policy(), area="hall", **more):  # noqa: B008 - frozen
    return permit(asked, policy, Said("", area), HOUSE, NOW, **more)


@given(requests)
def test_every_deed_is_either_free_or_asked_for_and_keeps_its_order(asked):
    permitted = sort(*asked)
    assert not permitted.refused
    assert all_atoms(permitted.free) | all_atoms(permitted.risky) == all_atoms(asked)
    for part in (permitted.free, permitted.risky):
        places = iter(asked)
        assert all(action in places for action in part)


@given(requests)
def test_nothing_happens_later_to_what_is_still_asked_about(asked):
    permitted = sort(*asked)
    for number, action in enumerate(asked):
        before = {i for other in asked[:number] if other in permitted.risky for i in other.entity_ids}
        if "delay" in action.data and not before.isdisjoint(action.entity_ids):
            assert action in permitted.risky


def test_what_a_question_is_about_keeps_what_comes_later_with_it():
    opened = Action("valve", "open_valve", ("valve.tap",))
    closed = Action("valve", "close_valve", ("valve.tap",), {"delay": 600})
    assert sort(closed).free == (closed,)
    assert sort(closed, asked=(opened,)).risky == (closed,)


def test_what_is_refused_is_not_taken_back_later():
    never = Policy(rules=(Rule(entity_ids=frozenset({"valve.tap"}), services=frozenset({"open_valve"}), never=True),))
    opened = Action("valve", "open_valve", ("valve.tap",))
    closed = Action("valve", "close_valve", ("valve.tap",), {"delay": 600})
    permitted = sort(opened, closed, policy=never)
    assert (permitted.free, permitted.risky) == ((), ())
    assert permitted.refused == ("Garden Tap is not to be changed by voice in this home.",)


@pytest.mark.parametrize(("area", "allowed"), [("yard", True), ("hall", False), (None, False)])
def test_a_rule_may_name_a_room_by_its_second_name(area, allowed):
    at_home = Policy(rules=(Rule(domains=frozenset({"light"}), areas=frozenset({"garden"})),))
    permitted = sort(Action("light", "turn_on", ("light.hall",)), policy=at_home, area=area)
    assert bool(permitted.free) is allowed
    assert bool(permitted.refused) is not allowed


def test_a_rule_of_hours_reaches_over_midnight():
    at_night = Policy(rules=(Rule(domains=frozenset({"light"}), hours=(time(22), time(6))),))
    lit = Action("light", "turn_on", ("light.hall",))
    for hour, allowed in ((23, True), (3, True), (6, False), (15, False)):
        permitted = permit([lit], at_night, Said("", "hall"), HOUSE, NOW.replace(hour=hour, minute=0))
        assert bool(permitted.free) is allowed


@given(requests, requests)
def test_without_leaves_what_was_not_done_and_nothing_else(asked, done):
    left = without(asked, all_atoms(done))
    assert all_atoms(left) == all_atoms(asked) - all_atoms(done)


@pytest.mark.parametrize("mode", ["user", "both"])
@pytest.mark.parametrize(("answer", "done"), [("Yes, please.", ["open_valve", "close_valve"]), ("No.", [])])
def test_a_tap_for_ten_minutes_waits_as_a_whole(talking, mode, answer, done):
    talk = talking(HOUSE, mode=mode)
    heard = talk.user("yard", "Turn on the garden tap for ten minutes.")
    if mode == "both":
        heard += talk.assistant("Opening the garden tap for ten minutes.")
    heard += talk.wait(4)
    assert not [d for d in heard if isinstance(d, Act)]
    assert [[a.service for a in d.actions] for d in heard if isinstance(d, Confirm)] == [["open_valve", "close_valve"]]
    answered = talk.user("yard", answer)
    assert [a.service for d in answered if isinstance(d, Act) for a in d.actions] == done
    assert bool([d for d in answered if isinstance(d, Tell)]) is not bool(done)
