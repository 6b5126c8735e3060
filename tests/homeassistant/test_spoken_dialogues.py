"""Dialogues spoken into satellites' microphones, and what a real Home Assistant made of them turn by turn."""

from __future__ import annotations

import pytest
from rest import brightness_pct, call, state

from tests.e2e.conftest import person, recogniser  # noqa: F401 (fixtures)
from tests.e2e.household import Household, read_wav, wait_for

pytestmark = [pytest.mark.assistant, pytest.mark.timeout(600)]

KITCHEN, CEILING, BED = LIGHTS = ("light.kitchen_lights", "light.ceiling_lights", "light.bed_light")
LAMP, SOCKET, DOOR = "light.reading_lamp", "input_boolean.reading_lamp_socket", "lock.front_door"
QUESTION = "really want me to unlock"


@pytest.fixture(scope="module")
def running_house(assistant_server, tmp_path_factory):
    token = str(assistant_server.token_file)
    config = {"home": {"kind": "assistant", "url": assistant_server.url, "token_file": token}}
    house = Household(tmp_path_factory.mktemp("house"), config=config)
    try:
        house.start_hub()
        for area in ("living_room", "hallway"):
            house.pair(area)
        yield house
    finally:
        house.close()


@pytest.fixture
def house(running_house):
    """One hub for all the dialogues, each with its own conversation."""
    yield running_house
    running_house.send_satellites_away()


def said(house, area, words):
    """Speak a turn; its line of the report once it has been answered."""
    before = len(house.turns())
    house.speak(area, words)
    return house.wait_turns(before + 1)[before]


def spoken(house, area):
    return read_wav(house.report_dir / area / "speaker.wav")


def test_a_change_a_correction_another_room_and_the_way_back(assistant_server, house, person):  # noqa: F811
    for light, percent in zip(LIGHTS, (30, 40, 20), strict=True):
        call(assistant_server, "light", "turn_on", light, brightness_pct=percent)
    words = [
        person.say(text)
        for text in (
            "Alexa, set the kitchen lights to fifty percent.",
            "A bit brighter.",
            "No, I meant the ceiling lights.",
            "Same in the bedroom.",
            "Undo that.",
        )
    ]  # before the conversation: nobody waits for them in it
    house.listen("living_room", 120)
    seen, turns = [], []
    for pcm in words:
        turns.append(said(house, "living_room", pcm))
        now = brightness_pct(assistant_server, *LIGHTS)
        seen.append(tuple(now[light] for light in LIGHTS))
    talk = [(turn["user"], turn["assistant"], brightness) for turn, brightness in zip(turns, seen, strict=True)]
    assert len({turn["session"] for turn in turns}) == 1, talk
    assert all(action["verified"] for turn in turns for action in turn["actions"]), talk
    assert seen[0] == (50, 40, 20), talk
    (kitchen, ceiling, bed) = seen[1]
    assert kitchen > 50, talk
    assert (ceiling, bed) == (40, 20), talk
    # The correction does it to what was meant, and takes it back from what was not.
    (kitchen, ceiling, bed) = seen[2]
    assert ceiling > 40, talk
    assert (kitchen, bed) == (50, 20), talk
    assert seen[3][:2] == seen[2][:2], talk
    assert seen[3][2] > 20, talk
    assert seen[4] == seen[2], talk


@pytest.mark.parametrize("answer", ["Yes.", "No.", None], ids=["yes", "no", "silence"])
def test_a_lock_opens_by_a_spoken_yes_alone(assistant_server, house, person, recogniser, answer):  # noqa: F811
    after = "unlocked" if answer == "Yes." else "locked"
    call(assistant_server, "lock", "lock", DOOR)
    wait_for(lambda: state(assistant_server, DOOR) == "locked", 15, "the locked door")
    request, reply = person.say("Alexa, unlock the front door."), answer and person.say(answer)
    house.listen("hallway", 90)
    asked = said(house, "hallway", request)
    assert QUESTION in asked["assistant"], asked
    assert asked["actions"] == []
    assert state(assistant_server, DOOR) == "locked"
    if answer:
        last = said(house, "hallway", reply)
        assert [action["service"] for action in last["actions"]] == (["unlock"] if after == "unlocked" else []), last
        assert ("did not unlock" in last["assistant"]) == (after == "locked"), last
    wait_for(lambda: not house.ask("status")["conversations"], 45, "the end of the conversation")
    assert state(assistant_server, DOOR) == after
    heard = recogniser(spoken(house, "hallway")).lower()
    assert "yes or no" in heard
    assert ("did not unlock" in heard) == (after == "locked"), heard


def test_a_lamp_that_is_unplugged_in_mid_dialogue_is_honestly_reported(assistant_server, house, person):  # noqa: F811
    call(assistant_server, "input_boolean", "turn_on", SOCKET)
    call(assistant_server, "light", "turn_off", LAMP)
    words = [
        person.say(text)
        for text in (
            "Alexa, turn on the reading lamp.",
            "Make it brighter.",
            "Is the reading lamp on?",
            "Turn off the reading lamp.",
        )
    ]
    house.listen("hallway", 90)
    lit = said(house, "hallway", words[0])
    assert state(assistant_server, LAMP) == "on", lit
    call(assistant_server, "input_boolean", "turn_off", SOCKET)
    assert state(assistant_server, LAMP) == "unavailable"
    brighter, question = said(house, "hallway", words[1]), said(house, "hallway", words[2])
    for turn in (brighter, question):
        assert not any(action["verified"] for action in turn["actions"]), turn
        assert "reading lamp" in turn["assistant"].lower(), turn
        assert "not answer" in turn["assistant"], turn
    call(assistant_server, "input_boolean", "turn_on", SOCKET)
    dark = said(house, "hallway", words[3])
    assert state(assistant_server, LAMP) == "off", dark
    assert all(action["verified"] for action in dark["actions"]), dark
    assert len({turn["session"] for turn in (lit, brighter, question, dark)}) == 1
