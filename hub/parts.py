"""The parts of a hub that its settings name: home, voice, recogniser, and who the assistant is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hub.config import Settings
from hub.config_engine import EngineSettings
from hub.dialog.acting import zone_of
from hub.dialog.expert import Expert
from hub.dialog.persona import choose_persona, default_persona
from hub.engine.cascade.engine import CascadeEngine
from hub.engine.personaplex.setup.standing import Standing, standing
from hub.engine.port import Persona, VoiceEngine
from hub.engine.scripted import ScriptedEngine
from hub.engine.supervisor import SupervisedEngine
from hub.events import Event
from hub.hearing.port import Hearing
from hub.home.port import Home
from hub.secret_file import SecretFile

if TYPE_CHECKING:
    from hub.engine.personaplex.embedded.engine import EmbeddedOptions

Progress = Callable[[str], None]

# The CPU's voice must be able to take over every conversation that a GPU had.
_CPU_PLACES = 16


def make_home(settings: Settings) -> Home:
    """The house that the settings name."""
    home = settings.home
    if home.kind == "demo":
        from hub.home.demo import DemoHome

        return DemoHome()
    if home.kind == "assistant" and home.url is not None and home.token_file is not None:
        if home.client == "homeassistant-api":
            from hub.home.library import LibraryHome

            return LibraryHome(url=home.url, token_file=home.token_file)
        from hub.home.assistant import AssistantHome

        return AssistantHome(url=home.url, token_file=home.token_file)
    from hub.home.none import NoHome

    return NoHome(settings.rooms.areas)


def make_engine(
    settings: Settings,
    state_dir: Path,
    *,
    publish: Callable[[Event], None],
    progress: Progress = lambda _line: None,
) -> VoiceEngine:
    """The voice of a hub: the one that the settings name, with the CPU's behind every other one.

    Args:
        settings: the person's.
        state_dir: where weights, environment and caches lie.
        publish: the hub's bus, told when a voice is lost and back.
        progress: told each step of loading.
    """
    first = make_voice(settings, state_dir, progress=progress)
    if isinstance(first, CascadeEngine | ScriptedEngine):
        return first
    return SupervisedEngine(first, _make_cascade(state_dir), publish=publish, now_s=time.monotonic)


def make_voice(settings: Settings, state_dir: Path, *, progress: Progress = lambda _line: None) -> VoiceEngine:
    """The voice that the settings name, or for “auto” the best that can be had, with nothing behind it."""
    engine = settings.engine
    if engine.kind == "scripted":
        return ScriptedEngine()
    if engine.kind == "cascade":
        return _make_cascade(state_dir)
    found = standing(engine, state_dir)
    choice = found.choice if engine.kind == "auto" else engine.kind
    persona = default_persona(settings.personas, engine.persona)
    if choice == "personaplex":
        return _make_embedded(engine, found, persona, state_dir, progress)
    if choice == "remote" and engine.url is not None:
        return _make_remote(engine, engine.url, persona)
    return _make_cascade(state_dir)


def _make_cascade(state_dir: Path) -> CascadeEngine:
    return CascadeEngine(cache_dir=state_dir / "cache", capacity=_CPU_PLACES)


def _make_remote(engine: EngineSettings, url: str, persona: Persona) -> VoiceEngine:
    from hub.engine.personaplex.remote.engine import RemoteEngine
    from hub.engine.personaplex.remote.request import RemoteOptions

    return RemoteEngine(
        RemoteOptions(
            url,
            persona,
            verify_tls=engine.verify_tls,
            fingerprint=engine.fingerprint,
            connect_s=engine.connect_timeout_s,
            handshake_s=engine.handshake_timeout_s,
            reconnects=engine.reconnects,
            max_session_s=engine.max_session_s,
            idle_s=engine.idle_s,
        )
    )


def _make_embedded(
    engine: EngineSettings, found: Standing, persona: Persona, state_dir: Path, progress: Progress
) -> VoiceEngine:
    from hub.engine.personaplex.embedded.engine import PersonaPlexEngine

    return PersonaPlexEngine(embedded_options(engine, found, persona, state_dir), on_progress=progress)


def embedded_options(engine: EngineSettings, found: Standing, persona: Persona, state_dir: Path) -> EmbeddedOptions:
    """How the settings want the engine process to be run on this machine."""
    from hub.engine.personaplex.embedded.engine import EmbeddedOptions

    return EmbeddedOptions(
        python=found.python or engine.python_in(state_dir),
        state_dir=state_dir,
        persona=persona,
        weights=engine.weights_in(state_dir),
        voices=engine.voices,
        device=engine.device,
        rows=found.rows,
        int8=engine.int8,
        greedy=engine.greedy,
        seed=engine.seed,
        temperature_audio=engine.temperature_audio,
        top_k_audio=engine.top_k_audio,
        temperature_text=engine.temperature_text,
        top_k_text=engine.top_k_text,
        warm_up=engine.warm_up,
        max_session_s=engine.max_session_s,
        idle_s=engine.idle_s,
    )


def make_hearing(settings: Settings, state_dir: Path, *, now_ms: Callable[[], float]) -> Hearing:
    """The recogniser of the user's words."""
    try:
        from hub.hearing.local import LocalHearing
    except ImportError as missing:
        from hub.hearing.none import NoHearing

        return NoHearing(
            f"A speech package is missing ({missing.name}). Install it with pip install 'roomtone[speech]'."
        )
    return LocalHearing(whisper_dir=settings.hearing.models_dir, cache_dir=state_dir / "cache", now_ms=now_ms)


def make_expert(settings: Settings, home: Home) -> Expert | None:
    """Who answers difficult questions; None where the settings name nobody."""
    asked = settings.expert
    if asked.url is None or asked.model is None:
        return None
    from hub.llm.openai import ModelOptions, OpenAiModel

    options = ModelOptions(
        asked.url,
        asked.model,
        SecretFile(asked.api_key_file, "API key") if asked.api_key_file is not None else None,
        asked.temperature,
        asked.max_tokens,
        asked.connect_timeout_s,
        asked.first_token_timeout_s,
        asked.timeout_s,
    )
    return Expert(
        OpenAiModel(options),
        now_s=time.monotonic,
        wall_clock=lambda: datetime.now(zone_of(home.house.time_zone)),
        timeout_s=asked.timeout_s,
        cache_lifetime_s=asked.cache_lifetime_s,
    )


def make_personas(
    settings: Settings, home: Home, *, wall_clock: Callable[[], datetime] | None = None
) -> Callable[[str], Persona]:
    """Who the assistant is in an area, by the clock of the house.

    Args:
        settings: the person's.
        home: its areas and time zone.
        wall_clock: an aware clock; None takes the computer's.
    """

    def choose(area_id: str) -> Persona:
        house = home.house
        zone = zone_of(house.time_zone)
        now = datetime.now(zone) if wall_clock is None else wall_clock().astimezone(zone)
        area = next((area for area in house.areas if area.id == area_id), None)
        return choose_persona(settings.personas, settings.engine.persona, area=area, local_time=now.time())

    return choose
