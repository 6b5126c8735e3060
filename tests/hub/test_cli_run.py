"""`roomtone hub run`: what the flags become, and what is printed."""

import json
import logging
import sys
from types import ModuleType, SimpleNamespace

import pytest

from hub.cli import main
from hub.errors import PortInUseError


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """A composition root that keeps what it was given, and is ready at once."""
    calls = []

    async def serve(settings, *, state_dir, report_dir, ready, progress):
        if settings.network.port == 9:
            raise PortInUseError("Port 9 is taken.")
        calls.append((settings, state_dir, report_dir))
        progress("starting the voice")
        ready(SimpleNamespace(facts=SimpleNamespace(ports=(1234, 5678))))

    app = ModuleType("hub.app")
    app.serve = serve
    monkeypatch.setitem(sys.modules, "hub.app", app)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield calls
    root.handlers, root.level = handlers, level


def test_flags_beat_the_file(calls, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("network: {port: 1, http_port: 2, name: attic}\nhome: {kind: none}\n")
    words = ["--config", str(config), "--port", "0", "--home", "demo", "--report", str(tmp_path / "r")]
    assert main(["hub", "run", *words, "--state-dir", str(tmp_path)]) == 0
    ((settings, state_dir, report_dir),) = calls
    assert (settings.network.port, settings.network.http_port, settings.network.name) == (0, 2, "attic")
    assert settings.home.kind == "demo"
    assert (state_dir, report_dir) == (tmp_path, tmp_path / "r")


def test_the_ports_and_ready_are_printed_and_progress_goes_to_stderr(calls, tmp_path, capsys):
    assert main(["hub", "run", "--state-dir", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == ["port 1234", "http_port 5678", "ready"]
    assert "starting the voice" in captured.err


def test_programs_get_json_lines(calls, tmp_path, capsys):
    assert main(["hub", "run", "--json", "--state-dir", str(tmp_path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["progress", "ports", "ready"]
    assert (lines[1]["port"], lines[1]["http_port"]) == (1234, 5678)


def test_a_hub_that_cannot_start_says_why(calls, tmp_path, capsys):
    assert main(["hub", "run", "--port", "9", "--state-dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err.strip().endswith("Port 9 is taken. [port_in_use]")
