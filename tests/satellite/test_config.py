from __future__ import annotations

import json
from pathlib import Path

import pytest

from satellite.cli import main
from satellite.config import Identity, Store
from satellite.errors import AlreadyRunningError, NotPairedError, StateError


def test_saves_privately_and_reads_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "a" / "b")
    store.prepare()
    assert store.load() is None
    identity = Identity(device_id="ab" * 16, name="hall", muted=True)
    store.save(identity)
    assert store.load() == identity
    assert (store.directory / "identity.json").stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in store.directory.iterdir()) == ["identity.json"]
    with pytest.raises(NotPairedError, match="pair"):
        identity.paired()


@pytest.mark.parametrize("text", ["", "{", '{"device_id": 1}', f'{{"device_id": "{"ab" * 16}", "name": "x", "y": 1}}'])
def test_damage_is_said_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "identity.json"
    path.write_text(text)
    with pytest.raises(StateError, match="pair"):
        Store(tmp_path).load()
    assert path.read_text() == text


def test_one_satellite_for_one_directory(tmp_path: Path) -> None:
    with Store(tmp_path).locked(), pytest.raises(AlreadyRunningError), Store(tmp_path).locked():
        pass


def test_commands_say_what_is_wrong(tmp_path: Path, capsys) -> None:
    state = ["--state-dir", str(tmp_path)]
    assert main(["status", *state]) == 1
    assert main(["run", "--audio", "file:a,b", *state]) == 1
    assert "pair --hub" in capsys.readouterr().err
    assert main(["run", "--audio", "radio", *state]) == 2
    assert main(["pair", "--hub", "127.0.0.1:1", "--code", "123456", "--json", *state]) == 3
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["error"]["code"] == "link_closed"
    with pytest.raises(SystemExit) as usage:
        main(["pair", "--hub", "nowhere", "--code", "123456", *state])
    assert usage.value.code == 2
    Store(tmp_path).save(Identity(device_id="ab" * 16, name="hall"))
    assert main(["mute", "on", *state]) == 0
    assert Store(tmp_path).load().muted
