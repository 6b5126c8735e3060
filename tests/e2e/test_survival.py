"""Any process may die at any moment; the others stay useful, and it comes back without help."""

from __future__ import annotations

import time

import pytest

from tests.e2e.household import level_db, read_wav, sounding, wait_for

pytestmark = [pytest.mark.speech, pytest.mark.timeout(240)]


def test_kill_the_hub_in_mid_answer_and_the_satellites_are_back_within_three_seconds(home, person):
    before = len(home.turns())
    question, command = (
        person.say(text) for text in ("Alexa, which lights are on?", "Alexa, turn on the kitchen lights.")
    )
    areas = {"kitchen", "living_room"}
    for area in areas:
        home.listen(area, 120.0)
    home.speak("kitchen", question)
    speaker = home.report_dir / "kitchen" / "speaker.wav"
    wait_for(lambda: sounding(speaker), 30, "the answer")
    home.kill("hub")
    home.start_hub(wait=False)
    home.wait_ready()
    ready = time.monotonic()
    wait_for(lambda: home.connected() == areas, 10, "the satellites' return")
    assert time.monotonic() - ready < 3.0
    # What was paired is still paired, and the next sentence is answered as if nothing had happened.
    home.speak("kitchen", command)
    turn = home.wait_turns(before + 1)[-1]
    assert turn["area"] == "kitchen"
    assert turn["actions"][0]["verified"]


def test_kill_a_satellite_in_mid_answer_and_it_comes_back(home, person):
    before = len(home.turns())
    question, command = (
        person.say(text) for text in ("Alexa, which lights are on?", "Alexa, turn on the kitchen lights.")
    )
    home.listen("kitchen")
    home.speak("kitchen", question)
    speaker = home.report_dir / "kitchen" / "speaker.wav"
    wait_for(lambda: sounding(speaker), 30, "the answer")
    home.wait_recorded("kitchen", until_s=home.recorded_s("kitchen") + 1.1)  # the file's header is renewed every second
    home.kill("kitchen")
    wait_for(lambda: home.connected() == set(), 10, "the hub's notice")
    wait_for(lambda: (home.ask("status") or {}).get("conversations") == 0, 5, "the end of the conversation")
    assert level_db(read_wav(speaker)) > -80  # what it had played by then can be read
    home.listen("kitchen")
    home.speak("kitchen", command)
    turn = home.wait_turns(before + 2)[-1]
    assert turn["actions"][0]["verified"]


def test_nothing_is_left_behind(home):
    home.listen("kitchen")
    import psutil

    children = {
        child.pid
        for process in home.processes.values()
        for child in psutil.Process(process.pid).children(recursive=True)
    }
    assert children  # the hub's voice is a process of its own
    home.close()
    assert all(process.returncode == 0 for process in home.processes.values())
    assert not [pid for pid in children if psutil.pid_exists(pid)]
    assert not (home.state_dir / "control.sock").exists()
