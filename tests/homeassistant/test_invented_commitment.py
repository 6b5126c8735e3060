"""A voice that talks by itself says that it did what nobody asked for: the real house stays as it is."""

from __future__ import annotations

import json

import pytest
from rest import call, state, states

from tests.e2e.conftest import person  # noqa: F401 (a fixture)
from tests.e2e.household import Household

pytestmark = [pytest.mark.assistant, pytest.mark.timeout(300)]

INVENTED = "I am fine, thank you. I've turned on the oven light."
AGREED = "Sure, I'm turning on the bed light."
OVEN, BED = "light.oven_light", "light.bed_light"


@pytest.fixture
def house(assistant_server, tmp_path):
    home = {"kind": "assistant", "url": assistant_server.url, "token_file": str(assistant_server.token_file)}
    script = ("tests.e2e.scripted_hub", json.dumps([INVENTED, AGREED]))
    house = Household(tmp_path, config={"home": home}, program=script)
    yield house
    house.close()


def lights(server):
    """When each light and switch was last changed."""
    kinds = ("light.", "switch.")
    return {each: found["last_updated"] for each, found in states(server).items() if each.startswith(kinds)}


def test_an_invented_commitment_does_nothing_and_is_set_right(assistant_server, house, person):  # noqa: F811
    for light in (OVEN, BED):
        call(assistant_server, "light", "turn_off", light)
    before = lights(assistant_server)
    chat, command = person.say("Alexa, how are you today?"), person.say("Turn on the bed light.")
    house.start_hub()
    house.pair("bedroom")
    house.listen("bedroom", 90)
    house.speak("bedroom", chat)
    (invented,) = house.wait_turns(1)
    assert INVENTED.split(".")[1] in invented["assistant"], invented
    assert invented["actions"] == []
    assert lights(assistant_server) == before
    assert "did not turn on" in invented["assistant"], invented
    # The same voice's word counts where the user asked.
    house.speak("bedroom", command)
    agreed = house.wait_turns(2)[1]
    assert [(action["service"], action["verified"]) for action in agreed["actions"]] == [("turn_on", True)], agreed
    assert (state(assistant_server, OVEN), state(assistant_server, BED)) == ("off", "on")
