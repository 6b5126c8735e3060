"""The public face: completeness of a request, what is said afterwards, the recogniser's vocabulary, speed."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.understanding.answers import done
from hub.understanding.house import Action, ActionResult, Area, Entity, House
from hub.understanding.parser import Parser
from hub.understanding.policy import Policy
from hub.understanding.vocabulary import vocabulary

NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["Turn on the kitchen lights", "Lights off.", "Is the garage door open?", "Set the heating to 21", "Thank you.",
     "Open the garage door.", "What time is it?", "Set the hall light to 20%"],
)  # fmt: skip
def test_whole_requests_are_complete(houses, text):
    assert Parser().is_complete(text, houses["british"], "kitchen")


@pytest.mark.parametrize(
    "text",
    ["", "Turn", "Turn on", "Turn on the", "Turn on the lights in the", "Set the heating", "Set the heating to",
    "Is the",
     "Turn on the hall light and", "Dim the lights by", "I was wondering", "What is the temperature in the",
     "Open the"],
)  # fmt: skip
def test_fragments_are_not(houses, text):
    assert not Parser().is_complete(text, houses["british"], "kitchen")


def _after(hear, house, area, sentence, *results):
    understanding = hear(house, area, sentence)
    assert len(understanding.actions) == len(results), understanding
    made = [replace(result, action=action) for action, result in zip(understanding.actions, results, strict=True)]
    return f"{done(understanding.actions, made, house)} {understanding.reply}".strip()


_ANY = Action("light", "turn_on", ())


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Turn on the hall light.", "The hall light is on."),
        ("Turn off the kitchen lights.", "The kitchen spotlights and the plinth lights are off."),
        ("Set the hall light to 30%.", "The hall light is at 30 percent."),
        ("Set the heating to 21.5.", "The heating is set to 21.5 degrees."),
        ("Make the reading lamp blue.", "The reading lamp is blue now."),
        ("Lock the front door.", "The front door is locked."),
        ("Set the volume of the telly to 30%.", "The volume of the telly is 30 percent."),
        ("Add milk to the shopping list.", "I have added milk to the shopping list."),
        ("Film night.", "The film night is on."),
        ("Turn off all the lights upstairs.", "All 6 lights on the first floor are off."),
        ("Turn off all the lights.", "All 13 lights are off."),
    ],
)
def test_success_names_devices_and_values(houses, hear, sentence, said):
    assert _after(hear, houses["british"], "hall", sentence, ActionResult(_ANY, verified=True)) == said


def test_a_failure_is_not_called_success(houses, hear):
    result = ActionResult(_ANY, verified=False, error="timeout", failed=("light.hall",))
    assert (
        _after(hear, houses["british"], "hall", "Turn on the hall light.", result) == "The hall light did not answer."
    )


def test_an_unverified_action_is_not_claimed(houses, hear):
    said = _after(
        hear, houses["british"], "hall", "Turn on the hall light.", ActionResult(_ANY, verified=False, state="off")
    )
    assert said == "The hall light did not change as asked."


def test_the_home_says_itself_why_it_failed(houses, hear):
    result = ActionResult(_ANY, verified=False, error="home_unreachable", sentence="Home Assistant cannot be reached.")
    said = _after(hear, houses["british"], "hall", "Turn on the hall light.", result)
    assert said == "Home Assistant cannot be reached."


def test_partial_success_says_both(houses, hear):
    result = ActionResult(_ANY, verified=False, failed=("light.kitchen_plinth",), state="on")
    said = _after(hear, houses["british"], "kitchen", "Turn on the lights.", result)
    assert said == "The kitchen spotlights are on. The plinth lights did not change as asked."


def test_a_cover_on_its_way_is_said_to_move(houses, hear):
    result = ActionResult(_ANY, verified=False, state="closing")
    said = _after(hear, houses["british"], "lounge", "Close the lounge curtains.", result)
    assert said == "The lounge curtains are closing."


def test_what_was_left_undone_is_said_too(houses, hear):
    said = _after(
        hear,
        houses["british"],
        "hall",
        "Turn on the hall light and unlock the front door.",
        ActionResult(_ANY, verified=True),
    )
    assert said.startswith("The hall light is on. Unlocking the front door needs a spoken yes")


def test_an_answer_is_its_own_sentence(houses, hear):
    understanding = hear("british", "hall", "Is the front door locked?")
    assert understanding.reply == "Yes, the front door is locked."


def test_vocabulary_has_exposed_names_once_and_areas_first(houses):
    words = vocabulary(houses["british"])
    assert words[0] == "Lounge"
    assert "Plinth Lights" in words
    assert "Cellar Light" not in words
    assert len(words) == len(set(words))


def test_a_policy_can_guard_more(houses):
    listener = Parser(policy=Policy(services=frozenset({"switch.turn_on"})))
    heard = listener.understand("Turn on the kettle.", houses["british"], "kitchen", NOW)
    assert (heard.kind, heard.actions) == ("confirm", ())
    assert heard.pending[0].entity_ids == ("switch.kettle",)


def test_the_room_of_the_speaker_decides(hear):
    kitchen, hall = hear("british", "kitchen", "Turn on the lights."), hear("british", "hall", "Turn on the lights.")
    assert kitchen.actions[0].entity_ids == ("light.kitchen_spots", "light.kitchen_plinth")
    assert hall.actions[0].entity_ids == ("light.hall",)


def test_without_a_room_it_asks(hear):
    heard = hear("british", None, "Turn on the lights.")
    assert (heard.kind, heard.reason) == ("unknown", "ambiguous")


def test_500_devices_take_under_5_ms_at_the_95th_percentile():
    rooms = [
        f"Room {word}" for word in ["Amber", "Birch", "Cedar", "Dune", "Elm", "Fern", "Grove", "Heath", "Iris", "Jade"]
    ]
    areas = tuple(Area(room.lower().replace(" ", "_"), room) for room in rooms)
    entities = {}
    for n in range(500):
        area = areas[n % 10]
        domain = ("light", "switch", "cover", "sensor", "climate")[n // 10 % 5]
        name = f"{area.name} {('Sconce', 'Plug', 'Blind', 'Gauge', 'Stove')[n // 10 % 5]} {n}"
        caps = frozenset({"brightness"})
        entities[f"{domain}.e{n}"] = Entity(f"{domain}.e{n}", name, area.id, state="on", capabilities=caps)
    house = House("speed", (), areas, entities)
    listener = Parser()
    sentences = [
        "Turn on the lights.", "Turn off the lights in room fern and close the blind.", "Set the lights to 40%.",
        "Is the light on?", "Turn on the sauna in room elm.", "What is the weather tomorrow in Paris?",
        "Dim the lights a bit.",
        "Turn on room elm sconce 4 and room fern sconce 5.", "Tell me a story about a dragon who lived far away.",
        "Turn on the roam elm lites.",
    ]  # fmt: skip
    took = []
    for sentence in sentences * 5:
        began = time.process_time()
        listener.understand(sentence, house, areas[0].id, NOW)
        took.append((time.process_time() - began) * 1000)
    # Its own CPU time, three times the aim, as others on the core slow that, too: docs/benchmarks.md has the figure.
    assert statistics.quantiles(took, n=20)[18] < 15
