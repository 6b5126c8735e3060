import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from hub.engine.personaplex.embedded.engine import HISTORY_CHARS, EmbeddedOptions, PersonaPlexEngine
from hub.engine.personaplex.embedded.keeper import Patience
from hub.engine.personaplex.faults import EngineDownError, EngineSilentError
from hub.engine.personaplex.port import ModelLostError, PromptError, VoiceError, WeightsError
from hub.engine.personaplex.serving.serve import build_parser
from hub.engine.port import (
    AudioOut,
    EngineBusyError,
    EngineError,
    Exchange,
    Persona,
    SessionLost,
    SessionRequest,
    UtteranceEnded,
)

PERSONA = Persona("home", "NATF2", "--kind voice")
PATIENT = Patience(poll_s=0.05, answer_s=2.0, misses=2, healthy_s=60.0, delays_s=(0.0, 0.1, 0.2))


def request(persona=None, history=()):
    return SessionRequest("s1", "kitchen", "t1", persona, history)


@pytest.fixture
async def make(tmp_path, monkeypatch):
    """Makes engines whose process is the real server with a model of arithmetic."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).parents[1] / "fake_engine.py"} "$@"\n')
    python.chmod(0o755)
    engines = []

    def make(fault="", *, patience=PATIENT, start_s=20.0, **options):
        monkeypatch.setenv("FAKE_FAULT", fault)
        monkeypatch.setenv("FAKE_MARK", str(tmp_path / "mark"))
        whole = EmbeddedOptions(python, tmp_path, PERSONA, tmp_path / "weights", start_s=start_s, **options)
        engines.append(PersonaPlexEngine(whole, patience=patience))
        return engines[-1]

    yield make
    for engine in engines:
        await engine.close()


async def until(fact, limit_s=10.0):
    async with asyncio.timeout(limit_s):
        while not fact():
            await asyncio.sleep(0.005)


def lost(events):
    return [event for event in events if isinstance(event, SessionLost)]


def test_the_command_says_everything_the_process_must_know(tmp_path):
    options = EmbeddedOptions(
        Path("/venv/bin/python"),
        tmp_path,
        PERSONA,
        Path("weights"),
        voices=tmp_path / "own",
        rows=4,
        int8=True,
        seed=7,
        warm_up=False,
        idle_s=5.0,
    )
    python, flag, module, *arguments = options.command
    assert (python, flag, module) == ("/venv/bin/python", "-m", "hub.engine.personaplex.serving.serve")
    parsed = build_parser().parse_args(arguments)
    assert parsed.weights == Path.cwd() / "weights"
    assert (parsed.port, parsed.parent_pipe, parsed.rows, parsed.int8, parsed.seed) == (0, True, 4, True, 7)
    assert (parsed.greedy, parsed.no_warm_up, parsed.idle_s, parsed.device) == (False, True, 5.0, "auto")
    assert (parsed.voices, parsed.default_voice) == (tmp_path / "own", "NATF2.pt")
    assert parsed.default_prompt == "--kind voice"


async def test_a_conversation_from_its_first_frame_to_its_end(make):
    engine = make(rows=2)
    await engine.start()
    assert engine.info.capacity == 2
    events = []
    session = await engine.open(request(), events.append)
    session.listen_only(on=True)
    utterance = session.say("Open.")
    for _ in range(10):
        session.feed(np.full(480, 12000, np.int16), 0)
    await until(lambda: any(isinstance(event, UtteranceEnded) for event in events))
    ended = next(event for event in events if isinstance(event, UtteranceEnded))
    assert (ended.utterance, ended.interrupted, ended.error) == (utterance, False, None)
    assert len(ended.ids) == 2
    frames = [event.frame for event in events if isinstance(event, AudioOut) and event.utterance == utterance]
    assert frames == list(range(frames[0], frames[0] + len(frames)))
    await session.close()
    assert lost(events) == []


async def test_a_further_conversation_is_refused_at_once_and_a_closed_or_refused_one_makes_room(make):
    engine = make(rows=1)
    await engine.start()
    session = await engine.open(request(), lambda _event: None)
    with pytest.raises(EngineBusyError):
        engine.open(request(), lambda _event: None).send(None)  # at once: it waits for nothing
    await session.close()
    for persona, error in [
        (Persona("ghost", "NATM3", "A voice."), VoiceError),
        (Persona("mute", "NATF2", "  "), PromptError),
        (Persona("long", "NATF2", "word " * 1550), PromptError),
    ]:
        with pytest.raises(error):
            await _open_when_free(engine, persona)
    second = await _open_when_free(engine)
    await second.close()


async def _open_when_free(engine, persona=None):
    """The engine frees the row when it has seen the close."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await engine.open(request(persona), lambda _event: None)
            except EngineBusyError:
                await asyncio.sleep(0.01)


async def test_a_conversation_that_began_elsewhere_brings_its_turns(make):
    engine = make()
    history = tuple(Exchange(f"question {number}", "x" * 200) for number in range(20))
    prompt = engine._opening(request(Persona("p", "NATF2", "A voice."), history)).prompt
    assert prompt.startswith("A voice.\n")
    assert "question 19" in prompt
    assert "question 0" not in prompt
    assert len(prompt) <= len("A voice.") + HISTORY_CHARS
    assert engine._opening(request()).prompt == PERSONA.prompt


async def test_a_killed_process_is_noticed_at_once_and_comes_back_for_the_next_conversation(make):
    engine = make(patience=replace(PATIENT, poll_s=60.0))  # nobody looks after it meanwhile; its end tells by itself
    await engine.start()
    events = []
    session = await engine.open(request(), events.append)
    session.say("This sentence is never finished, because the process is killed in the middle of it.")
    await until(lambda: any(isinstance(event, AudioOut) for event in events))
    pid = engine.pid
    os.kill(pid, signal.SIGKILL)
    await until(lambda: lost(events))
    assert [type(event) for event in events[-2:]] == [UtteranceEnded, SessionLost]
    await until(lambda: engine.pid is None)
    with pytest.raises(EngineDownError):
        await engine.open(request(), lambda _event: None)
    await engine.start()  # waits for the restart that is going on
    assert engine.pid != pid
    again = await engine.open(request(), lambda _event: None)
    await again.close()
    await session.close()


async def test_a_lost_model_is_told_as_what_it_is_and_the_process_comes_back(make):
    engine = make()
    await engine.start()
    events = []
    session = await engine.open(request(Persona("p", "NATF2", "break")), events.append)
    await until(lambda: lost(events))
    assert isinstance(lost(events)[0].error, ModelLostError)
    await session.close()
    await until(lambda: engine._keeper.port is None)
    await engine.start()
    assert engine._keeper.restarts == 1


async def test_a_process_that_hangs_is_killed_and_started_again(make):
    engine = make(patience=Patience(poll_s=0.05, answer_s=0.2, misses=2, healthy_s=60.0, delays_s=(0.0, 0.0)))
    await engine.start()
    events = []
    session = await engine.open(request(), events.append)
    pid = engine.pid
    os.kill(pid, signal.SIGSTOP)
    await until(lambda: lost(events))
    assert isinstance(lost(events)[0].error, EngineSilentError)
    await engine.start()
    assert engine.pid != pid
    assert not psutil.pid_exists(pid)
    await session.close()


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("unloadable", WeightsError, "torn"),
        ("stillborn", EngineDownError, "exit code 3"),
    ],
)
async def test_a_process_that_cannot_start_gives_its_reason(make, fault, error, words):
    engine = make(fault)
    with pytest.raises(error, match=words):
        await engine.start()
    with pytest.raises(EngineDownError):
        await engine.open(request(), lambda _event: None)


async def test_a_process_that_never_gets_ready_is_ended(make):
    engine = make("mute", start_s=1.0)
    before = set(psutil.Process().children())
    with pytest.raises(EngineDownError, match="not ready within 1 seconds"):
        await engine.start()
    await engine.close()
    assert set(psutil.Process().children()) <= before


async def test_a_defect_at_the_start_is_told_and_nobody_waits_for_ever(make, caplog):
    engine = make()
    engine._options = replace(engine._options, persona=Persona("p", "NATF2", "a nul \0 no command line can have"))
    with pytest.raises(EngineError, match="defect"):
        await engine.start()
    assert "starting or watching the voice engine broke" in caplog.text


async def test_a_python_that_is_not_there_says_what_to_do(tmp_path):
    engine = PersonaPlexEngine(EmbeddedOptions(tmp_path / "no-python", tmp_path, PERSONA, tmp_path))
    try:
        with pytest.raises(EngineDownError, match="engine install"):
            await engine.start()
    finally:
        await engine.close()


async def test_a_first_start_that_fails_is_tried_again_by_itself(make):
    engine = make("once")
    with pytest.raises(EngineDownError):
        await engine.start()
    await engine.start()
    assert engine.pid is not None


async def test_the_end_of_the_engine_ends_its_process_and_its_conversations(make):
    engine = make()
    await engine.start()
    events = []
    await engine.open(request(), events.append)
    pid = engine.pid
    await engine.close()
    assert not psutil.pid_exists(pid)
    assert lost(events) == []


async def test_a_killed_hub_leaves_no_process_behind(make, tmp_path):
    engine = make()
    script = tmp_path / "hub.py"
    script.write_text(
        "import asyncio, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[5])!r})\n"
        "from pathlib import Path\n"
        "from hub.engine.personaplex.embedded.engine import EmbeddedOptions, PersonaPlexEngine\n"
        "from hub.engine.port import Persona\n"
        "async def main():\n"
        f"    engine = PersonaPlexEngine(EmbeddedOptions(Path({str(engine._options.python)!r}),"
        f" Path({str(tmp_path)!r}), Persona('p', 'NATF2', 'A voice.'), Path({str(tmp_path)!r})))\n"
        "    await engine.start()\n"
        "    print(engine.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    hub = await asyncio.create_subprocess_exec(sys.executable, str(script), stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(20):
        pid = int(await hub.stdout.readline())
    hub.kill()
    await hub.wait()
    await until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
