"""Somebody says something while the assistant talks: it yields at once, and knows an interruption from a nod."""

from __future__ import annotations

import numpy as np
import pytest

from tests.e2e.expert_thread import ExpertThread
from tests.e2e.household import RATE_HZ, Household, room_response, so_far, sounding, wait_for, write_wav

pytestmark = [pytest.mark.speech, pytest.mark.timeout(240)]

ANSWER = (
    "The moon pulls the water of the sea towards it, and because the earth turns below, the water rises and falls twice"
    " a day on nearly every coast in the world. The sun helps a little, and when both of them pull together, the high"
    " spring tide comes and the harbour is full of boats. In a narrow bay the water climbs higher than a house, and in"
    " a wide ocean nobody sees it at all. The elephants never noticed."
)
BLOCK = RATE_HZ // 50


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    expert = ExpertThread(ANSWER)
    expert.start()
    config = {"rooms": {"follow_up_s": 8}, "expert": {"url": expert.url, "model": "tiny"}}
    house = Household(tmp_path_factory.mktemp("answering"), config=config)
    try:
        house.start_hub()
        house.pair("kitchen")
        yield house
    finally:
        house.close()
        expert.close()


@pytest.fixture
def answering(running):
    response = write_wav(running.root / "response.wav", room_response(0.4))
    running.listen("kitchen", 120.0, f"echo={response}", "delay_ms=60")
    yield running
    running.send_satellites_away()


def speaker(house):
    return house.report_dir / "kitchen" / "speaker.wav"


def ask_for_a_long_answer(house, person):
    house.speak("kitchen", person.say("Alexa, explain to me how the tides work."))
    wait_for(lambda: sounding(speaker(house)), 60, "the answer")


def wait_played(house, until_s):
    size = int(until_s * RATE_HZ) * 2
    wait_for(lambda: speaker(house).stat().st_size > size, 60, "the time")


def levels_db(house, start_s, end_s):
    pcm = so_far(speaker(house))[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)].astype(np.float64)
    power = np.mean(pcm[: pcm.size // BLOCK * BLOCK].reshape(-1, BLOCK) ** 2, axis=1)
    return 10 * np.log10(power / 32768**2 + 1e-13)


def onset_s(words, end_s):
    return end_s - (words.size - np.flatnonzero(np.abs(words) > 200)[0]) / RATE_HZ


def test_words_end_a_long_answer(answering, person):
    turns, words = len(answering.turns()), person.say("Wait, what time is it in Paris?")
    ask_for_a_long_answer(answering, person)
    wait_played(answering, speaker(answering).stat().st_size / 2 / RATE_HZ + 2.0)
    end_s = answering.speak("kitchen", words)
    began_s = onset_s(words, end_s)
    wait_played(answering, end_s + 1.0)
    before = levels_db(answering, began_s - 1.0, began_s)
    ducked = levels_db(answering, began_s + 0.2, began_s + 0.3)
    after = levels_db(answering, end_s, end_s + 0.2)
    print(f"before {before.max():.0f} dB, ducked {ducked.max():.0f} dB, after the words {after.max():.0f} dB")
    assert ducked.max() < before.max() - 12
    assert after.max() < -80
    assert "elephants" not in (answering.wait_turns(turns + 1)[turns]["assistant"] or "")


def test_a_nod_ends_nothing_and_costs_no_word(answering, person, recogniser):
    turns = len(answering.turns())
    ask_for_a_long_answer(answering, person)
    wait_played(answering, speaker(answering).stat().st_size / 2 / RATE_HZ + 2.0)
    nod = person.say("Mm-hmm.")
    end_s = answering.speak("kitchen", nod)
    (turn,) = answering.wait_turns(turns + 1, timeout_s=90)[turns:]
    wait_for(lambda: not sounding(speaker(answering)), 60, "the end of the answer")
    back = levels_db(answering, end_s + 0.3, end_s + 1.0)
    assert back.max() > -30
    assert turn["assistant"] == ANSWER
    heard = recogniser(so_far(speaker(answering))).lower()
    print(heard)
    for words in ("pulls the water", "rises and falls twice", "both of them", "higher than a house", "elephants"):
        assert words in heard
