from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise

import pytest

from tests.hub.evals.arbitration_scenes import lines_of, truth_of


def attended(name, seed):
    """The room that is attended to at each moment, by the command itself."""
    lines = lines_of(name, seed)
    told = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "eval", "arbitration"], input=told.encode(), capture_output=True, check=True
    )
    assert done.stderr == b""
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    times = [line["t"] for line in lines if line["op"] == "decide"]
    assert all(set(answer) == {"room"} for answer in answers)
    return list(zip(times, [answer["room"] for answer in answers], strict=True))


def at(answers, t):
    return [room for when, room in answers if when <= t][-1]


def switches(answers, begin, end):
    rooms = [room for when, room in answers if begin <= when <= end and room is not None]
    return [b for a, b in pairwise(rooms) if a != b]


@pytest.mark.parametrize("name", ["single", "selfvoice", "tv"])
def test_the_talkers_room_is_attended_to_and_no_other(name):
    answers, truth = attended(name, seed=1), truth_of(name)
    for utterance in truth["utt"]:
        assert at(answers, min(utterance["t0"] + 1.7, utterance["t1"])) in utterance["ok"]
    # Not the television, not our own voice, not a neighbour: in these scenes nobody else ever speaks.
    assert {room for _, room in answers} <= {None, truth["utt"][0]["room"]}


def test_the_conversation_walks_along():
    answers, truth = attended("followme", seed=1), truth_of("followme")
    first = truth["utt"][0]
    assert at(answers, first["t0"] + 0.6) == first["room"]
    for crossing in truth["cross"]:
        assert at(answers, crossing["t"] + 1.0) == crossing["to"]
    stays = truth["utt"][2]
    assert switches(answers, stays["t0"] + 0.5, stays["t1"]) == []
