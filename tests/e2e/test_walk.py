"""Somebody asks in the kitchen and walks on while the house answers: the answer ends where he is, and so does he."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.e2e.household import RATE_HZ, Household, room_response, sounding, wait_for, write_wav
from tests.e2e.walking import LISTENING, LONG, ROOMS, Walk, change, pieces, places

pytestmark = [pytest.mark.soak, pytest.mark.speech, pytest.mark.timeout(280)]


@pytest.fixture
def walk(household: Household) -> Walk:
    household.config = {"rooms": {"follow_up_s": 6}}
    household.start_hub()
    for area in ROOMS:
        household.pair(area)
    response = write_wav(household.root / "response.wav", room_response(0.4))
    return Walk(household, 110.0, f"echo={response}", "delay_ms=60")


def test_the_answer_begins_in_the_kitchen_and_ends_in_the_hall(walk, person, recogniser):
    home = walk.home
    said = walk.reference()
    walk.speak(person.say("Alexa, what time is it?"), "kitchen")
    (first,) = home.wait_turns(1)
    assert first["area"] == "kitchen"
    begin = round(walk.now_s * RATE_HZ)
    saying, answers = home.say("kitchen", LONG)
    wait_for(lambda: sounding(home.report_dir / "kitchen" / "speaker.wav"), 20, "the answer")
    for words, *way in zip(LISTENING, ROOMS[:-1], ROOMS[1:], strict=True):
        home.wait_recorded(*ROOMS, until_s=walk.now_s + 2.5)
        home.wait_recorded(*ROOMS, until_s=walk.speak(person.say(words), *way))
    saying.join(90)
    end = round(walk.now_s * RATE_HZ)
    decisions = [decision["why"] for decision in home.ask("rooms")["last_decisions"]]
    moved = [why.split(":")[0] for why in decisions if "the talker is heard here now" in why]
    assert answers[0]["spoken"] is True, home.log("hub")
    assert moved == ["living_room", "hallway"], decisions
    walk.speak(person.say("Turn on the light."), "hallway")
    turn = home.wait_turns(2)[-1]
    assert (turn["area"], turn["session"]) == ("hallway", first["session"]), turn
    assert [action["service"] for action in turn["actions"]] == ["turn_on"], turn
    assert all("hallway" in entity for entity in turn["actions"][0]["entity_id"]), turn
    assert len(home.turns()) == 2, home.turns()  # that he listens is no turn
    home.send_satellites_away()
    heard = walk.loudspeakers(begin, end)
    found = {area: places(said, heard[area]) for area in ROOMS}
    changes = [change(heard[one], found[one], heard[other], found[other]) for one, other in itertools.pairwise(ROOMS)]
    missing = [at // 24 for at in pieces(said) if not any(at in there for there in found.values())]
    print(f"{said.size / 24:.0f} ms said, heard nowhere at {missing} ms")
    for number, handover in enumerate(changes):
        print(
            f"{ROOMS[number + 1]} goes on at {handover.goes_on / 24:.0f} ms: said in both {handover.twice_ms:.0f} ms, "
            f"silence {handover.silence_ms:.0f} ms"
        )
    assert 0.1 * said.size < changes[0].goes_on < changes[1].goes_on < 0.9 * said.size
    assert all(-80 <= handover.twice_ms <= 160 and handover.silence_ms <= 160 for handover in changes)
    assert len(missing) <= 0.08 * len(pieces(said))  # a slow machine stutters
    # He who walks along hears every word, once.
    everywhere = recogniser(sum(heard.values()))
    print(everywhere)
    known = set(words_of(LONG)) & set(words_of(recogniser(said)))
    # Where two loudspeakers sound at once, a small recogniser takes "ladder" for "lighter".
    assert len(known - set(words_of(everywhere))) <= 3
    assert abs(len(words_of(everywhere)) - len(words_of(recogniser(said)))) <= 2


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())
