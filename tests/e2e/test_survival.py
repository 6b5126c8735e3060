"""Any process may die at any moment; the others stay useful, and it comes back without help."""

from __future__ import annotations

import time

import pytest

from tests.e2e.household import level_db, read_wav, sounding, track, wait_for

pytestmark = [pytest.mark.speech, pytest.mark.timeout(240)]

STAY = ()


def test_kill_the_hub_in_mid_answer_and_the_satellites_are_back_within_three_seconds(household, person):
    household.start_hub()
    areas = ["kitchen", "living_room"]
    for area in areas:
        household.pair(area)
    household.satellite(
        "kitchen",
        track(
            1.0, person.say("Alexa, which lights are on?"), 28.0,
            person.say("Alexa, turn on the kitchen lights."), 8.0,
        ),
        args=STAY,
    )  # fmt: skip
    household.satellite("living_room", track(60.0), args=STAY)
    speaker = household.report_dir / "kitchen" / "speaker.wav"
    wait_for(lambda: sounding(speaker), 30, "the answer")
    household.kill("hub")
    household.start_hub(wait=False)
    household.wait_ready()
    ready = time.monotonic()
    wait_for(lambda: household.connected() == set(areas), 10, "the satellites' return")
    assert time.monotonic() - ready < 3.0
    # What was paired is still paired, and the next sentence is answered as if nothing had happened.
    turn = household.wait_turns(1, 60)[-1]
    assert turn["area"] == "kitchen"
    assert turn["actions"][0]["verified"]


def test_kill_a_satellite_in_mid_answer_and_it_comes_back(household, person):
    household.start_hub()
    household.pair("kitchen")
    household.satellite("kitchen", track(1.0, person.say("Alexa, which lights are on?"), 20.0), args=STAY)
    speaker = household.report_dir / "kitchen" / "speaker.wav"
    wait_for(lambda: sounding(speaker), 30, "the answer")
    time.sleep(1.1)  # the header of a file in the making is renewed every second
    household.kill("kitchen")
    wait_for(lambda: household.connected() == set(), 10, "the hub's notice")
    wait_for(lambda: (household.ask("status") or {}).get("conversations") == 0, 5, "the end of the conversation")
    assert level_db(read_wav(speaker)) > -80  # what it had played by then can be read
    household.satellite("kitchen", track(1.0, person.say("Alexa, turn on the kitchen lights."), 8.0))
    turn = household.wait_turns(2, 40)[-1]
    assert turn["actions"][0]["verified"]


def test_nothing_is_left_behind(household):
    household.start_hub()
    household.pair("kitchen")
    household.satellite("kitchen", track(30.0), args=STAY)
    wait_for(lambda: household.connected() == {"kitchen"}, 10, "the connection")
    import psutil

    children = {
        child.pid
        for process in household.processes.values()
        for child in psutil.Process(process.pid).children(recursive=True)
    }
    household.close()
    assert all(process.returncode == 0 for process in household.processes.values())
    assert not [pid for pid in children if psutil.pid_exists(pid)]
    assert not (household.state_dir / "control.sock").exists()
