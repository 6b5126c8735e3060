"""announce, ask, intercom and quiet as a person types them."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from hub import cli_commands
from hub.cli import main
from hub.server.control import CALL_S, SOCKET_NAME
from protocol.errors import RoomtoneError


class Hub:
    """Answers every question with what a test laid out, on a socket of its own thread."""

    def __init__(self, path):
        self.answers, self.asked = {}, []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path / SOCKET_NAME))
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rwb") as file:
                line = file.readline()
                if not line:
                    return
                request = json.loads(line)
                self.asked.append((request["method"], request["params"]))
                answer = self.answers[request["method"]]
                key = "error" if "code" in answer else "result"
                file.write(json.dumps({"id": 1, key: answer}).encode() + b"\n")

    def close(self, path):
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(path / SOCKET_NAME))
        self.thread.join(10)
        self.socket.close()


@pytest.fixture
def hub(tmp_path):
    hub = Hub(tmp_path)
    yield hub
    hub.close(tmp_path)


@pytest.fixture
def run(tmp_path, capsys):
    def run_(*words):
        code = main([*words, "--state-dir", str(tmp_path)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_


PLAYED = {"area": "kitchen", "name": "Kitchen", "played": True}
QUIET = {
    "area": "bedroom",
    "name": "Bed\x1b[2Jroom",
    "played": False,
    "code": "quiet_hours",
    "message": "Bedroom is not to be disturbed.",
    "retry": True,
}


def test_announce_says_room_by_room_what_came_of_it(hub, run):
    hub.answers["announce"] = {"areas": [PLAYED], "played": True}
    assert run("announce", "Dinner is ready", "--all") == (0, "Kitchen: played\n", "")
    hub.answers["announce"] = {"areas": [PLAYED, QUIET], "played": False}
    code, out, err = run("announce", "--area", "Kitchen", "--area", "Bedroom", "--urgent", "Dinner")
    assert (code, err) == (1, "")
    assert "Bedroom is not to be disturbed. [quiet_hours]" in out
    assert "\x1b" not in out
    code, out, _ = run("announce", "x", "--json")
    assert (code, json.loads(out)["areas"][1]["code"]) == (1, "quiet_hours")
    assert hub.asked == [
        ("announce", {"text": "Dinner is ready", "areas": [], "urgent": False}),
        ("announce", {"text": "Dinner", "areas": ["Kitchen", "Bedroom"], "urgent": True}),
        ("announce", {"text": "x", "areas": [], "urgent": False}),
    ]


def test_ask_prints_the_choice_or_the_words(hub, run):
    hub.answers["ask"] = {"area": "office", "answer": "Yes please.", "choice": "yes"}
    asked = ("ask", "Close the blinds?", "--area", "Office", "--choices", "yes, no", "--timeout", "5")
    assert run(*asked) == (0, "yes\n", "")
    hub.answers["ask"] = {"area": "office", "answer": "The red one.", "choice": None}
    assert run("ask", "Which?", "--area", "Office")[1] == "The red one.\n"
    hub.answers["ask"] = {"code": "silence", "message": "Nobody answered within 8 seconds.", "retry": True}
    code, out, err = run("ask", "Which?", "--area", "Office")
    assert (code, out) == (1, "")
    assert "[silence]" in err
    assert hub.asked[0] == (
        "ask",
        {"text": "Close the blinds?", "area": "Office", "choices": ["yes", "no"], "timeout_s": 5.0},
    )
    assert hub.asked[1][1]["choices"] == []


def test_intercom_connects_and_ends(hub, run):
    hub.answers["intercom"] = {"call": "i-1", "areas": ["kitchen", "garage"], "names": ["Kitchen", "Garage"]}
    hub.answers["hang_up"] = {"ended": [["kitchen", "garage"]]}
    code, out, _ = run("intercom", "Kitchen", "Garage")
    assert code == 0
    assert "Kitchen and Garage hear each other" in out
    assert run("intercom", "--end") == (0, "ended: kitchen and garage\n", "")
    assert run("intercom", "--end", "garage")[0] == 0
    assert hub.asked == [
        ("intercom", {"from_area": "Kitchen", "to_area": "Garage"}),
        ("hang_up", {}),
        ("hang_up", {"area": "garage"}),
    ]


def test_quiet_is_shown_and_switched(hub, run):
    hub.answers["quiet"] = {"area": "nursery", "name": "Nursery", "quiet": False, "by": "", "until": None}
    assert run("quiet", "Nursery") == (0, "Nursery: may be disturbed\n", "")
    hub.answers["quiet"] |= {"quiet": True, "by": "person", "until": "2026-11-21T14:30+01:00"}
    assert run("quiet", "Nursery", "until", "14:30")[1] == "Nursery: not to be disturbed until 2026-11-21 14:30\n"
    run("quiet", "Nursery", "off")
    assert [params for _, params in hub.asked] == [
        {"area": "Nursery"},
        {"area": "Nursery", "until": "14:30"},
        {"area": "Nursery", "state": "off"},
    ]


def test_rooms_shows_quiet_and_calls(hub, run):
    quiet = {"quiet": True, "by": "hours", "until": "2026-11-22T07:00+01:00"}
    hub.answers["rooms"] = {
        "areas": [
            {"id": "bedroom", "name": "Bedroom", "satellites": [], "quiet": quiet, "intercom": None},
            {"id": "kitchen", "name": "Kitchen", "satellites": [], "quiet": {"quiet": False}, "intercom": "garage"},
        ],
        "last_decisions": [],
    }
    out = run("rooms")[1]
    assert "Bedroom (bedroom)  not to be disturbed until 2026-11-22 07:00, by the settings" in out
    assert "Kitchen (kitchen)  in a call with garage" in out


def test_rooms_names_the_satellite_that_nobody_believes(hub, run):
    satellite = {"device_id": "ab12", "name": "Pi", "connected": True, "trouble": "too_many_calls"}
    areas = [{"id": "hall", "name": "Hall", "satellites": [satellite, {**satellite, "name": "Other", "trouble": None}]}]
    hub.answers["rooms"] = {"areas": areas, "last_decisions": []}
    lines = run("rooms")[1].splitlines()
    assert lines[1] == "  Pi  connected, not listened to for a while [too_many_calls]  ab12"
    assert lines[2] == "  Other  connected  ab12"


@pytest.mark.parametrize(
    "words",
    [
        ("announce",),
        ("announce", "x", "--all", "--area", "kitchen"),
        ("ask", "x"),
        ("ask", "x", "--area", "a", "--timeout", "61"),
        ("ask", "x", "--area", "a", "--timeout", "soon"),
        ("ask", "x", "--area", "a", "--choices", ","),
        ("intercom",),
        ("intercom", "a"),
        ("intercom", "a", "b", "c"),
        ("intercom", "--end", "a", "b"),
        ("quiet",),
        ("quiet", "a", "until"),
        ("quiet", "a", "on", "12:00"),
        ("quiet", "a", "loud"),
    ],
)
def test_wrong_usage_is_told(words, run, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*words)
    assert caught.value.code == 2
    assert "usage: roomtone" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("announce", "x"), ("ask", "x", "--area", "a"), ("intercom", "a", "b"), ("quiet", "a")]
)
def test_no_hub_is_told_with_exit_code_3(words, run):
    code, out, err = run(*words)
    assert (code, out) == (3, "")
    assert "[hub_unreachable]" in err


@pytest.mark.parametrize(
    "words",
    [("announce", "Dinner."), ("ask", "--area", "Office", "Now?"), ("intercom", "Kitchen", "Garage")],
    ids=lambda words: words[0],
)
def test_the_hub_gives_up_before_the_command_does(run, monkeypatch, words):
    waited_s = []

    async def call(_state_dir, _method, _params, timeout_s):
        waited_s.append(timeout_s)
        raise RoomtoneError("The hub has given up.")

    monkeypatch.setattr(cli_commands, "call", call)
    assert run(*words)[0] == 1
    assert waited_s[0] > CALL_S
