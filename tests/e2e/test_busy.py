"""One place at the voice and two people: the second is told so in his own room, and the first notices nothing."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.e2e.household import RATE_HZ, Household, level_db, read_wav, sounding, track, wait_for
from tests.e2e.walking import LONG

pytestmark = [pytest.mark.soak, pytest.mark.speech, pytest.mark.timeout(280)]

ROOMS = ("kitchen", "bedroom")


@pytest.fixture
def home(household: Household) -> Household:
    household.program = ("tests.e2e.scripted_hub", "1")
    household.config = {"rooms": {"follow_up_s": 20}}
    household.start_hub()
    start_at = time.time() + 14.0
    for seed, area in enumerate(ROOMS):
        household.pair(area)
        household.satellite(area, track(90.0, seed=seed), f"start_at={start_at:.3f}", args=())
    wait_for(lambda: household.connected() == set(ROOMS), 30, "the satellites")
    household.wait_recorded(*ROOMS, until_s=2.5)
    return household


def test_the_second_caller_is_told_that_the_house_is_busy_and_the_first_is_undisturbed(home, person, recogniser):
    calls = {"kitchen": "Alexa, what time is it?", "bedroom": "Alexa, turn on the light."}
    home.speak("kitchen", person.say(calls["kitchen"]))
    (first,) = home.wait_turns(1)
    saying, answers = home.say("kitchen", LONG)
    wait_for(lambda: sounding(home.report_dir / "kitchen" / "speaker.wav"), 20, "the long answer")
    called_s = home.speak("bedroom", person.say(calls["bedroom"]))
    home.wait_recorded("bedroom", until_s=called_s + 6.0)
    saying.join(90)
    assert answers[0]["spoken"] is True
    home.speak("kitchen", person.say("Turn on the light."))
    turn = home.wait_turns(2)[-1]
    assert (turn["session"], turn["area"]) == (first["session"], "kitchen"), turn
    assert all("kitchen" in entity for act in turn["actions"] for entity in act["entity_id"]), turn
    told = read_wav(home.report_dir / "bedroom" / "speaker.wav")[round(called_s * RATE_HZ) :][: 6 * RATE_HZ]
    meanwhile = read_wav(home.report_dir / "kitchen" / "speaker.wav")[round(called_s * RATE_HZ) :][: 6 * RATE_HZ]
    words = recogniser(told).lower()
    print(f"{level_db(told):.0f} dB in the bedroom: {words}")
    assert "with somebody else" in words
    assert "again in a moment" in words
    # The kitchen's answer is neither turned down nor interrupted by it.
    seconds = meanwhile[: meanwhile.size // RATE_HZ * RATE_HZ].reshape(-1, RATE_HZ)
    loud_db = [level_db(second) for second in seconds]
    assert min(loud_db) > np.median(loud_db) - 8.0, loud_db
