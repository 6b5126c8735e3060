"""Samples spoken into satellites of their rooms: what happens is what `roomtone eval` says of the words heard."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import harness
import pytest
from rest import call

from tests.e2e.conftest import person  # noqa: F401 (a fixture)
from tests.e2e.household import Household, wait_for

pytestmark = [pytest.mark.soak]

SAMPLES = Path(__file__).parents[1] / "evals" / "samples"
HOME = SAMPLES / "home.json"
# A question that needs a yes is open for 20 s.
_ENDS_S = 40


@pytest.fixture(scope="module")
def server(assistant_environment, tmp_path_factory):
    """A Home Assistant with every room, name and device of the samples' home."""
    server = asyncio.run(harness.start(tmp_path_factory.mktemp("written"), harness.free_port(), HOME))
    yield server
    harness.end(server)


@pytest.fixture
def house(server, tmp_path):
    home = {"kind": "assistant", "url": server.url, "token_file": str(server.token_file)}
    house = Household(tmp_path, config={"home": home, "rooms": {"follow_up_s": 4}})
    yield house
    house.close()


def evaluated(cases):
    """What `roomtone eval user` answers to these cases, in their order."""
    command = [sys.executable, "-m", "hub.cli", "eval", "user", "--home", str(HOME)]
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line)["actions"] for line in done.stdout.splitlines()]


def talks(house):
    """Whether a conversation goes on; a hub that is too busy to answer is not idle."""
    return (house.ask("status") or {"conversations": 1})["conversations"] > 0


def called(house, area, words):
    """Say it to a room that nobody talks with, again if nobody listened; the line of the report."""
    before = len(house.turns())

    for _call in range(3):
        house.speak(area, words)
        try:
            wait_for(lambda: len(house.turns()) > before or talks(house), 8, f"a conversation in {area}")
            break
        except AssertionError as deaf:
            print(deaf)
    turn = house.wait_turns(before + 1, 60)[before]
    wait_for(lambda: not talks(house), _ENDS_S, f"the end of the conversation in {area}")
    return turn


STATES = {entity["entity_id"]: entity.get("attributes", {}) for entity in json.loads(HOME.read_text())["entities"]}
# `eval` tells the change that was asked for; what is called, and reported, is the value that it comes to.
CHANGES = {"temperature_delta": "temperature", "percentage_step": "percentage"}


def called_with(action):
    """The data of the call that `eval` means; every sample finds the house as it is written."""
    known = STATES[action["entity_id"][0]] if action["entity_id"] else {}
    data = {CHANGES[k]: known[CHANGES[k]] + v for k, v in action["data"].items() if CHANGES.get(k) in known}
    return data | {k: v for k, v in action["data"].items() if CHANGES.get(k) not in known}


def plain(actions):
    found = [(a["domain"], a["service"], sorted(a["entity_id"]), sorted(called_with(a).items())) for a in actions]
    return sorted(found, key=repr)


def difference(turn, expected):
    """What the hub did that `eval` does not, or the other way round; empty when they are one."""
    asked = [action for action in expected if action.get("confirm")]
    executed = [a for a in expected if not a.get("confirm") and a["domain"] != "query"]
    found = []
    if plain(turn["actions"]) != plain(executed):
        found.append(f"did {plain(turn['actions'])}, not {plain(executed)}")
    if bool(asked) != ("say yes or no" in (turn["assistant"] or "")):
        found.append(f"said “{turn['assistant']}”, is to ask about {plain(asked)}")
    if expected and "did not understand" in (turn["assistant"] or ""):
        found.append(f"said “{turn['assistant']}”, is to know {plain(expected)}")
    return found


def test_fifty_spoken_samples_act_as_eval_does_on_the_words_heard(server, house, person):  # noqa: F811
    samples = [json.loads(line) for line in (SAMPLES / "user_commands.jsonl").read_text().splitlines()]
    samples.sort(key=lambda sample: sample["room"])
    house.start_hub()
    heard = []
    for room, group in groupby(samples, key=lambda sample: sample["room"]):
        told = [(sample, person.say(f"Alexa, {sample['text']}.")) for sample in group]
        house.pair(room)
        house.listen(room, 90.0 * len(told))
        for sample, words in told:
            call(server, "written_home", "reset")
            turn = called(house, room, words)
            assert turn["area"] == room
            print(f"{room}: “{sample['text']}” heard as “{turn['user']}”: {turn['assistant']}")
            heard.append((sample, turn))
        house.send_satellites_away()
    assert len(heard) == 50
    answers = evaluated({"id": s["id"], "room": s["room"], "text": turn["user"]} for s, turn in heard)
    differences = []
    for (sample, turn), expected in zip(heard, answers, strict=True):
        differences += [f"“{turn['user']}” in {sample['room']}: {each}" for each in difference(turn, expected)]
    overall = score(house.root, heard, answers)
    print(overall)
    assert not differences, "\n".join(differences)
    assert overall["unsafe"] == 0


def score(folder, heard, answers):
    """How well the words as the recogniser wrote them were understood; the bar for that is measured elsewhere."""
    path = folder / "answers.jsonl"
    lines = [
        json.dumps({"id": sample["id"], "actions": made}) for (sample, _), made in zip(heard, answers, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    command = [sys.executable, str(SAMPLES / "score.py"), "user", "--pred", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)["overall"]
