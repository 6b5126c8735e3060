"""What the settings name is what is made, and who the assistant is follows room and hour."""

from datetime import UTC, datetime

import pytest

from hub.config import Settings
from hub.dialog.persona import DEFAULT_PERSONA
from hub.engine.cascade.engine import CascadeEngine
from hub.engine.personaplex.embedded.engine import PersonaPlexEngine
from hub.engine.personaplex.remote.engine import RemoteEngine
from hub.engine.personaplex.setup import standing
from hub.engine.port import Persona
from hub.engine.scripted import ScriptedEngine
from hub.engine.supervisor import SupervisedEngine
from hub.home.demo import DemoHome
from hub.parts import make_engine, make_personas, make_voice


def made(tmp_path, **engine):
    return make_engine(Settings(engine=engine), tmp_path, publish=lambda _event: None)


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.setattr(standing, "find_gpus", list)


def test_the_cpu_speaks_alone_where_nothing_else_is(tmp_path):
    assert isinstance(made(tmp_path), CascadeEngine)
    assert isinstance(made(tmp_path, kind="cascade", url="ws://gpu.local:8998"), CascadeEngine)
    assert isinstance(made(tmp_path, kind="scripted"), ScriptedEngine)


def test_a_voice_alone_has_nothing_behind_it(tmp_path):
    settings = Settings(engine={"kind": "remote", "url": "ws://gpu.local:8998"})
    assert isinstance(make_voice(settings, tmp_path), RemoteEngine)


def test_every_other_voice_has_the_cpu_behind_it(tmp_path):
    remote = made(tmp_path, url="ws://gpu.local:8998")
    assert isinstance(remote, SupervisedEngine)
    assert isinstance(remote.first, RemoteEngine)
    assert isinstance(remote.other, CascadeEngine)
    embedded = made(tmp_path, kind="personaplex", rows=3)
    assert isinstance(embedded.first, PersonaPlexEngine)
    assert isinstance(embedded.other, CascadeEngine)
    assert embedded.other.info.capacity >= 16


def test_the_persona_follows_room_and_hour_by_the_clock_of_the_house():
    home = DemoHome()
    night = {"name": "night", "prompt": "You whisper.", "hours": "22:00-07:00"}
    chef = {"name": "chef", "prompt": "You cook.", "areas": ["Kitchen"], "voice": "NATM1"}
    settings = Settings(personas=[night, chef])
    noon = make_personas(settings, home, wall_clock=lambda: datetime(2026, 1, 1, 12, tzinfo=UTC))
    late = make_personas(settings, home, wall_clock=lambda: datetime(2026, 1, 1, 23, tzinfo=UTC))
    assert noon("kitchen") == Persona("chef", "NATM1", "You cook.")
    assert noon("bedroom") == DEFAULT_PERSONA
    assert late("bedroom").name == "night"
    assert late("no_such_room").name == "night"
