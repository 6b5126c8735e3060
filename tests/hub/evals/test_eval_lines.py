"""`roomtone eval`: lines in, lines out, whatever they hold; driven by the listener of the hub itself."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from hub import cli
from hub.evals import command, runner
from hub.evals.cases import MAX_LINE_BYTES
from hub.evals.homes import read_home
from hub.understanding import listener
from hub.understanding.decisions import Moment, Said

SAMPLES = Path(__file__).parents[2] / "evals" / "samples"


def answered(task, *lines, evidence=None):
    out = io.StringIO()
    evaluator = runner.Evaluator(read_home(SAMPLES / "home.json"), evidence=evidence)
    raw = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    command.answer_lines(task, evaluator, io.BytesIO(raw), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def asked(text, room="kitchen", case_id="a"):
    return {"id": case_id, "room": room, "text": text}


def test_a_command_a_question_and_a_dangerous_request():
    light, question, lock, nothing = answered(
        "user",
        asked("turn on the desk lamp"),
        asked("is the front door locked"),
        asked("unlock the front door"),
        asked("what a lovely day"),
    )
    assert light == {
        "id": "a",
        "actions": [{"domain": "light", "service": "turn_on", "entity_id": ["light.desk_lamp"], "data": {}}],
    }
    assert question["actions"][0] == {
        "domain": "query", "service": "get_state", "entity_id": ["lock.front_door"], "data": {},
    }  # fmt: skip
    assert lock["actions"][0]["confirm"] is True
    assert nothing["actions"] == []


@pytest.mark.parametrize(
    ("line", "case_id"),
    [
        (b"{broken\n", None),
        (b"[]\n", None),
        (b"\xff\xfe\n", None),
        (b'{"text": "lights on"}\n', None),
        (b'{"id": "x", "text": 5}\n', "x"),
        (b'{"id": "x", "room": "nowhere", "text": "lights on"}\n', "x"),
        (b"[" * 100_000 + b"\n", None),
        (b"x" * (MAX_LINE_BYTES + 5) + b"\n", None),
    ],
)
def test_a_bad_line_gets_an_error_and_the_next_one_its_answer(line, case_id):
    bad, good = answered("user", line, asked("turn on the desk lamp"))
    assert bad["id"] == case_id
    assert bad["error"]["code"] == "bad_case"
    assert bad["error"]["message"]
    assert good["actions"]


def test_a_last_line_without_an_end_is_answered():
    assert answered("user", json.dumps(asked("kettle on")).encode())[0]["actions"]


def test_half_a_megabyte_of_words_does_nothing():
    assert answered("user", asked("turn on the lights and " * 22_000))[0]["actions"] == []


def test_a_request_stays_and_a_hard_question_goes():
    here, there = answered(
        "routing",
        {"id": 1, "text": "turn on the desk lamp"},
        {"id": 2, "text": "explain how central banks control inflation and compare two of their instruments"},
    )
    assert here == {"id": 1, "route": "local"}
    assert there == {"id": 2, "route": "expert"}


class Recorder:
    """Stands where the listener stands and notes what it is told, with frames."""

    told: ClassVar[list[tuple]] = []
    waiting = False

    def __init__(self, *_args, **_options):
        self.told.clear()

    def __getattr__(self, name):
        def note(*said, **how):
            words = [word for word in said if not isinstance(word, Moment)]
            moment = next(word for word in said if isinstance(word, Moment))
            what = words[0].text if words and isinstance(words[0], Said) else words[0] if words else None
            self.told.append((name, what, moment.frame, *how.values()))
            return ()

        return note


def test_an_assistants_turn_reaches_the_listener_frame_by_frame(monkeypatch):
    monkeypatch.setattr(runner, "Listener", Recorder)
    case = {
        "id": "a", "room": "kitchen", "user": "kettle on", "end_frame": 4,
        "pieces": [[1, "\u2581Kettle"], [3, "\u2581on"]],
        "history": [{"role": "user", "text": "hi"}, {"role": "assistant", "text": "Hello."}],
    }  # fmt: skip
    answered("asst", case)
    assert [told for told in Recorder.told if told[2] >= 0] == [
        ("speak", "", 0), ("speak", "\u2581Kettle", 1), ("speak", "", 2), ("speak", "\u2581on", 3), ("speak", "", 4),
        ("fall_silent", None, 4, True),
    ]  # fmt: skip
    assert [told[:2] for told in Recorder.told if told[2] < 0] == [
        ("hear", "hi"), ("speak", "\u2581Hello."), ("fall_silent", None), ("hear", "kettle on"),
    ]  # fmt: skip


def test_without_hearing_the_listener_is_told_so(monkeypatch):
    monkeypatch.setattr(runner, "Listener", Recorder)
    answered("asst", {"id": "a", "room": None, "user": None, "end_frame": 0, "pieces": [[0, "Sure."]]})
    assert [told[0] for told in Recorder.told] == ["hear_nothing", "speak", "fall_silent"]


def test_the_turns_of_a_dialogue_come_in_the_order_of_their_frames(monkeypatch):
    monkeypatch.setattr(runner, "Listener", Recorder)
    case = {
        "id": "d",
        "turns": [
            {"role": "user", "room": "kitchen", "text": "kettle on", "start_frame": 0, "end_frame": 2},
            {"role": "assistant", "pieces": [[4, "Kettle"], [5, "on."]]},
            {"role": "user", "room": "office", "text": "thanks", "start_frame": 8, "end_frame": 9},
        ],
    }
    assert answered("dialogue", case) == [{"id": "d", "turns": [[], [], []]}]
    spoken = [told for told in Recorder.told if told[1]]
    assert spoken == [("hear", "kettle on", 2), ("speak", "Kettle", 4), ("speak", "on.", 5), ("hear", "thanks", 9)]
    assert ("fall_silent", None, 7, False) in Recorder.told


def test_it_drives_the_very_listener_of_the_hub(monkeypatch):
    heard = []
    real = listener.Listener.hear
    monkeypatch.setattr(
        listener.Listener, "hear", lambda self, said, moment: heard.append(said) or real(self, said, moment)
    )
    answered("user", asked("turn on the desk lamp"))
    assert [said.text for said in heard] == ["turn on the desk lamp"]
    assert runner.Listener is listener.Listener


def test_each_case_finds_the_house_as_it_was_written():
    twice = answered("user", asked("make the floor lamp brighter"), asked("make the floor lamp brighter"))
    assert twice[0] == twice[1]


@pytest.mark.parametrize("task", ["asst", "dialogue"])
def test_the_samples_are_answered_in_their_shape(task):
    name = {"asst": "assistant_commitments.jsonl", "dialogue": "dialogues.jsonl"}[task]
    cases = [json.loads(line) for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines()]
    for case, answer in zip(cases, answered(task, *cases), strict=True):
        assert answer["id"] == case["id"]
        if task == "dialogue":
            assert len(answer["turns"]) == len(case["turns"])
        else:
            assert all(0 <= action["frame"] <= case["end_frame"] for action in answer["actions"])


def test_a_home_must_be_named(monkeypatch, capsys):
    monkeypatch.delenv("HUB_HOME_JSON", raising=False)
    assert cli.main(["eval", "user"]) == cli.FAULT
    assert "bad_home_file" in capsys.readouterr().err


def test_the_command_runs_as_a_process_with_the_home_of_the_environment(tmp_path):
    made = subprocess.run(
        [sys.executable, "-m", "hub.cli", "eval", "user"],
        input=json.dumps(asked("turn on the desk lamp")) + "\n",
        capture_output=True, text=True, timeout=60, check=True, cwd=Path(__file__).parents[3],
        env={**os.environ, "HUB_HOME_JSON": str(SAMPLES / "home.json")},
    )  # fmt: skip
    assert json.loads(made.stdout)["actions"][0]["entity_id"] == ["light.desk_lamp"]


def test_no_network_is_touched(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert answered("user", asked("turn on the desk lamp"))[0]["actions"]
