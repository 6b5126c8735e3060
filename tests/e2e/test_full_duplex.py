"""The full-duplex engine in the whole product: real hub, satellites and engine process, a tiny model of real shape."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from hub.app import Hub, running
from hub.config import load_settings
from hub.events import EventBus
from hub.hearing.port import HearingEvent, HearingHints
from hub.parts import make_engine, make_home
from tests.e2e.household import RATE_HZ, Household, Pcm, level_db, sounding, track, wait_for

pytestmark = [pytest.mark.duplex, pytest.mark.timeout(300)]

ENGINE = Path(__file__).parents[2] / ".venvs" / "engine" / "bin" / "python"
RECORDER = Path(__file__).parent / "engine_recorder.py"
TINY = Path(__file__).parents[1] / "hub" / "engine" / "personaplex" / "tiny.py"
STAY = ()
_TALK_FRAMES = 63
_PYTHONPATH = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def engine_python(*args: object) -> str:
    return subprocess.run(
        [ENGINE, *map(str, args)], env=_PYTHONPATH, capture_output=True, text=True, check=True, timeout=200
    ).stdout


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    engine_python(TINY, folder)
    return folder


@pytest.fixture
def duplex(household, weights) -> Household:
    household.config = {
        "engine": {
            "kind": "personaplex", "weights": str(weights), "python": str(ENGINE), "device": "cpu", "rows": 4,
            "greedy": True, "persona": "home",
        },
        "personas": [{"name": "home", "voice": "TINYF0.pt", "prompt": "You are the voice of this home.",
             "consent": "random numbers, nobody's voice"}],
    }  # fmt: skip
    return household


def ids_of(weights: Path, text: str) -> list[int]:
    code = (
        "import sys, json, sentencepiece;"
        "print(json.dumps(sentencepiece.SentencePieceProcessor(sys.argv[1]).encode(sys.argv[2])))"
    )
    return json.loads(engine_python("-c", code, weights / "tokenizer_spm_32k_3.model", text))


def engine_pid(household: Household) -> int:
    """The engine process is the hub's own child."""
    for task in Path(f"/proc/{household.processes['hub'].pid}/task").iterdir():
        for pid in (task / "children").read_text().split():
            if "personaplex.serving" in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                return int(pid)
    raise AssertionError("the hub has no engine process")


def engine_is_ready(household: Household) -> bool:
    state = (household.ask("status") or {}).get("engine_state", {}).get("state")
    return state in {"ready", "lagging"}  # a slow test machine may lag


def say(household: Household, text: str, timeout_s: float = 60) -> tuple[dict, float]:
    began = time.monotonic()
    done = household.run(
        "hub.cli", "say", "--area", "kitchen", "--json", "--state-dir", household.state_dir, text, timeout_s=timeout_s
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), time.monotonic() - began


def long_talks(notes: Path) -> int:
    """How many sessions go on that have had five seconds of frames."""
    path = notes / "progress.json"
    return sum(frames >= _TALK_FRAMES for frames in json.loads(path.read_text())) if path.exists() else 0


class _Deaf:
    """A recogniser that hears nobody: it costs no time where only the model is looked at."""

    async def start(self) -> None: ...

    def open(self, _hints: HearingHints, _on_event: Callable[[HearingEvent], None]) -> _Deaf:
        return self

    def feed(self, _pcm: Pcm, _samples: int) -> None: ...

    async def close(self) -> None: ...


@contextlib.asynccontextmanager
async def hub_without_hearing(duplex: Household) -> AsyncIterator[Hub]:
    """The hub in this process, with the engine and the satellites in theirs: nothing but the engine's work is done."""
    path = duplex.root / "config.yaml"
    home, network = {"kind": "demo"}, {"host": "127.0.0.1", "name": "test", "port": duplex.port, "http_port": 0}
    path.write_text(json.dumps({"home": home, "network": network, "rooms": {"follow_up_s": 60}, **duplex.config}))
    settings, bus = load_settings(path), EventBus()
    hub = Hub(
        settings, state_dir=duplex.state_dir, report_dir=duplex.report_dir, bus=bus, home=make_home(settings),
        engine=make_engine(settings, duplex.state_dir, publish=bus.publish), hearing=_Deaf(),
    )  # fmt: skip
    async with running(hub, lambda _line: None):
        yield hub


def sound_since(path: Path, offset: int) -> Pcm:
    data = path.read_bytes()[max(44, offset) :]
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


def test_a_sentence_is_said_in_the_models_own_voice_and_acknowledged(duplex, weights):
    duplex.start_hub()
    duplex.pair("kitchen")
    duplex.satellite("kitchen", track(60.0), args=STAY)
    wait_for(lambda: duplex.connected() == {"kitchen"}, 20, "the satellite")
    text = "The garage door is still open."
    speaker = duplex.report_dir / "kitchen" / "speaker.wav"
    before = speaker.stat().st_size if speaker.exists() else 44
    answer, seconds = say(duplex, text)
    assert answer["spoken"] is True
    assert answer["ids"] == ids_of(weights, text)
    # It returned when the loudspeaker had played it: as much sound as frames were needed, and not a second later.
    played = sound_since(speaker, before)
    assert level_db(played) > -50
    assert seconds >= 0.08 * len(answer["ids"])


async def test_a_flush_silences_the_loudspeaker_within_a_tenth_of_a_second(duplex):
    async with hub_without_hearing(duplex) as hub:
        await asyncio.to_thread(duplex.pair, "kitchen")
        duplex.satellite("kitchen", track(60.0), args=STAY)
        speaker = duplex.report_dir / "kitchen" / "speaker.wav"
        ends_s = []
        for _ in range(5):
            while (room := hub.switchboard.registry.in_area("kitchen")) is None:
                await asyncio.sleep(0.05)
            saying = asyncio.create_task(hub.switchboard.announce("kitchen", "This is a long sentence. " * 6))
            begin = speaker.stat().st_size if speaker.exists() else 44
            while level_db(sound_since(speaker, begin)[-4800:]) < -50:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.4)
            at = speaker.stat().st_size
            hub.switchboard.stop_asked(room.line)
            assert not (await saying).spoken
            await asyncio.sleep(0.5)
            after = sound_since(speaker, at)
            assert after.size > 7200, "the loudspeaker goes on, with silence"
            loud = np.flatnonzero(np.abs(after) > 30)
            ends_s.append((loud[-1] + 1) / RATE_HZ if loud.size else 0.0)
        await asyncio.to_thread(duplex.close)
    print("sound after the flush, s:", [round(float(end_s), 3) for end_s in ends_s])
    assert max(ends_s) < 0.1


def test_the_engine_is_killed_in_mid_sentence_and_the_cpu_answers_the_next_turn(duplex, person):
    duplex.start_hub()
    duplex.pair("kitchen")
    speaker = duplex.report_dir / "kitchen" / "speaker.wav"
    switch_on, switch_off = (person.say(f"Alexa, turn {way} the kitchen lights.") for way in ("on", "off"))
    duplex.listen("kitchen", 150.0)
    duplex.speak("kitchen", switch_on)
    hub = duplex.processes["hub"].pid
    wait_for(lambda: sounding(speaker), 40, "the answer")
    assert engine_is_ready(duplex)
    killed = engine_pid(duplex)
    os.kill(killed, signal.SIGKILL)
    (first,) = duplex.wait_turns(1, 60)
    duplex.speak("kitchen", switch_off)
    second = duplex.wait_turns(2, 60)[1]
    assert [action["verified"] for action in first["actions"]] == [True]
    assert [action["service"] for action in second["actions"]] == ["turn_off"]
    assert second["actions"][0]["verified"]
    assert second["t_ms"]["audio_played"] - second["t_ms"]["speech_end"] < 2000
    # Nothing else restarted, and when the engine is back it takes the next conversation.
    assert duplex.processes["hub"].pid == hub
    assert duplex.processes["hub"].poll() is None
    wait_for(lambda: engine_is_ready(duplex), 60, "the engine's return")
    assert engine_pid(duplex) != killed
    wait_for(lambda: duplex.ask("status")["conversations"] == 0, 30, "the end of the conversation")
    duplex.speak("kitchen", switch_on)
    third = duplex.wait_turns(3, 60)[2]
    assert third["actions"][0]["service"] == "turn_on"
    answer, _ = say(duplex, "The engine is back.")
    assert answer["ids"], "said by the model again"


async def test_four_rooms_talk_to_one_model_and_each_gets_what_it_would_get_alone(duplex, person, weights, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    python = tmp_path / "python"
    # The hub calls `PYTHON -m hub.engine.personaplex.serving.serve OPTIONS`.
    python.write_text(f'#!/bin/sh\nshift 2\nexec "{ENGINE}" "{RECORDER}" record "{notes}" "$@"\n')
    python.chmod(0o755)
    duplex.config["engine"]["python"] = str(python)
    areas = ["kitchen", "living_room", "bedroom", "office"]
    async with hub_without_hearing(duplex):
        for area in areas:
            await asyncio.to_thread(duplex.pair, area)
        for number, area in enumerate(areas):
            # A session that opens late, on a slow machine, must still have something to hear.
            more = [part for _ in range(8) for part in (2.0, person.say("What do you think about the sea?"))]
            mic = track(2.0 + 3.0 * number, person.say("Alexa, what do you think about the sea?"), *more, 60.0)
            duplex.satellite(area, mic, args=STAY)
            # On two cores the model comes first, as it does where it has a GPU of its own.
            os.setpriority(os.PRIO_PROCESS, duplex.processes[area].pid, 10)
        async with asyncio.timeout(90):
            while long_talks(notes) < 4:
                await asyncio.sleep(0.2)
        await asyncio.to_thread(duplex.close)
    verdicts = json.loads(await asyncio.to_thread(engine_python, RECORDER, "judge", notes, weights))
    talks = [verdict for verdict in verdicts if verdict["heard"] > 0.01]
    assert len(talks) >= 4
    assert all(verdict["frames"] >= _TALK_FRAMES for verdict in talks[-4:])
    assert [verdict["parted"] for verdict in verdicts] == [-1] * len(verdicts)
