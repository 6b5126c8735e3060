"""A sentence in a sound file, spoken into a satellite's microphone, changes a real Home Assistant."""

from __future__ import annotations

import asyncio
import signal
import time

import harness
import pytest
from rest import call, state

from tests.e2e.conftest import household, person, recogniser  # noqa: F401 (fixtures)
from tests.e2e.household import read_wav, track, wait_for

pytestmark = [pytest.mark.assistant, pytest.mark.timeout(600)]


def configured(household, server):  # noqa: F811
    household.config = {"home": {"kind": "assistant", "url": server.url, "token_file": str(server.token_file)}}


def test_the_real_light_goes_on_and_questions_are_answered_truthfully(
    assistant_server,
    household,  # noqa: F811
    person,  # noqa: F811
    recogniser,  # noqa: F811
):
    call(assistant_server, "light", "turn_off", "light.kitchen_lights")
    call(assistant_server, "cover", "close_cover", "cover.garage_door")
    wait_for(lambda: state(assistant_server, "cover.garage_door") == "closed", 15, "the closed garage")
    before = {e: state(assistant_server, e) for e in ("light.bed_light", "light.ceiling_lights", "climate.hvac")}
    configured(household, assistant_server)
    household.start_hub()
    household.pair("kitchen")
    household.satellite(
        "kitchen",
        track(
            1.5, person.say("Alexa, turn on the kitchen lights."), 6.0,
            person.say("Is the garage door open?"), 6.0,
            person.say("Turn on the swimming pool pump."), 6.0,
        ),
    )  # fmt: skip
    turns = household.wait_turns(3, 60)
    assert turns[0]["actions"][0]["verified"]
    assert state(assistant_server, "light.kitchen_lights") == "on"
    assert turns[0]["t_ms"]["ha_call"] < turns[0]["t_ms"]["ha_state"] < turns[0]["t_ms"]["audio_out"]
    assert "closed" in turns[1]["assistant"].lower()
    assert turns[2]["actions"] == []
    assert turns[2]["assistant"].lower().startswith("there is no")
    assert {e: state(assistant_server, e) for e in before} == before
    assert household.wait("kitchen") == 0
    heard = recogniser(read_wav(household.report_dir / "kitchen" / "speaker.wav")).lower()
    assert "kitchen" in heard
    assert "closed" in heard


def test_home_assistant_dies_in_mid_conversation_and_comes_back(assistant_server, household, person):  # noqa: F811
    call(assistant_server, "light", "turn_off", "light.kitchen_lights")
    configured(household, assistant_server)
    household.start_hub()
    household.pair("kitchen")
    command = person.say("Alexa, turn on the kitchen lights.")
    household.satellite("kitchen", track(5.0, command, 35.0, command, 8.0), args=())
    wait_for(lambda: household.connected() == {"kitchen"}, 10, "the satellite")
    harness.end(assistant_server, signal.SIGKILL)
    turn = household.wait_turns(1, 40)[0]
    assert not any(action["verified"] for action in turn["actions"])
    assert "home assistant" in turn["assistant"].lower()
    again = harness.spawn(assistant_server.folder, assistant_server.port)
    assistant_server.pid = again.pid
    asyncio.run(harness.wait_ready(assistant_server))
    wait_for(lambda: not household.ask("status")["home"]["trouble"], 20, "the hub's return to its house")
    assert len(household.turns()) == 1
    turn = household.wait_turns(2, 60)[1]
    assert turn["actions"], turn
    assert turn["actions"][0]["verified"]
    assert state(assistant_server, "light.kitchen_lights") == "on"


def test_a_token_that_is_refused_is_said_and_the_hub_still_runs(assistant_server, household, tmp_path):  # noqa: F811
    token = tmp_path / "wrong_token"
    token.touch(0o600)
    token.write_text("not a token")
    household.config = {"home": {"kind": "assistant", "url": assistant_server.url, "token_file": str(token)}}
    household.start_hub()
    trouble = household.ask("status")["home"]["trouble"]
    assert trouble["code"] == "home_token_refused"
    assert "token" in trouble["message"].lower()
    time.sleep(1)
    assert household.processes["hub"].poll() is None
