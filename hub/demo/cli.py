"""`roomtone demo`: the whole of Roomtone on this machine, without GPU, microphone or Home Assistant."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from hub.demo.person import ROOMS, STORY, Line, Room
from hub.demo.screen import Screen
from hub.demo.show import Show
from hub.demo.stage import Stage
from protocol.errors import RoomtoneError

USAGE: Final = 2
INTERRUPTED: Final = 130
_MAX_SENTENCE_CHARS: Final = 300
_FORBIDDEN_IN_PATHS: Final = ",="  # they separate the satellite's audio settings


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. `lines` and `rooms` are the play; `report` and `state` are absolute."""

    lines: tuple[Line, ...]
    rooms: tuple[Room, ...]
    report: Path
    state: Path
    once: bool
    mic: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo.

    Returns:
        0 when everything asked for happened, 1 when not, 2 on wrong usage, 130 after Ctrl-C.
    """
    parsed = _parser().parse_args(argv)
    console = Console(highlight=False)
    own_state = parsed.state_dir is None
    state = Path(tempfile.mkdtemp(prefix="roomtone-demo-")) if own_state else parsed.state_dir.absolute()
    try:
        try:
            options = _options(parsed, state)
        except ValueError as error:
            Console(stderr=True).print(f"roomtone demo: {error}", soft_wrap=True, markup=False)
            return USAGE
        return asyncio.run(_run(options, console))
    except RoomtoneError as error:
        Console(stderr=True).print(f"roomtone demo: {error.sentence} [{error.code}]", soft_wrap=True, markup=False)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        if own_state:
            shutil.rmtree(state, ignore_errors=True)  # a temporary folder of keys that nobody needs again


async def _run(options: Options, console: Console) -> int:
    async with _interruptible():
        async with Stage(options.state, options.report) as stage:
            with Screen(console, [room.area for room in options.rooms]) as screen:
                show = Show(stage, screen, options.report, options.rooms, options.lines)
                await show.prepare()
                well = await show.perform(once=options.once, mic=options.mic)
            _tell_how_to_go_on(console, options)
            if not options.once:
                console.print("The rooms stay open. Ctrl-C ends the demo.")
                await show.stay()
        if well:
            shutil.rmtree(stage.logs, ignore_errors=True)  # nobody reads the logs of what went well
    return 0 if well else 1


@contextlib.asynccontextmanager
async def _interruptible() -> AsyncIterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does, with everything it started."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if task is not None and not interrupted:
            interrupted = True  # a second Ctrl-C must not break the orderly end
            task.cancel()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    except asyncio.CancelledError:
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _tell_how_to_go_on(console: Console, options: Options) -> None:
    console.print(
        f"""
What the rooms heard and played is in {options.report}: turns.jsonl, and mic.wav and speaker.wav of each room.

How to go on:
  another sentence    roomtone demo --once --say "turn on the desk lamp" --in office
  your Home Assistant roomtone hub run, with home: {{kind: assistant, url: ..., token_file: ...}} in its settings
  a real satellite    roomtone pair --area Kitchen; there: roomtone-satellite pair --hub auto --code CODE
Roomtone speaks English only. The CPU engine runs the house; it does not chat until an expert model is added.
""",
        markup=False,
        soft_wrap=True,
    )


def _options(parsed: argparse.Namespace, state: Path) -> Options:
    if (parsed.say is None) != (parsed.area is None):
        raise ValueError("--say and --in belong together: a sentence, and the room it is said in.")
    report = (parsed.report or Path("out/demo")).absolute()
    for path in (report, state):
        if set(_FORBIDDEN_IN_PATHS) & set(str(path)):
            raise ValueError(f"{path}: choose a folder without comma and equals sign in its path.")
    lines: tuple[Line, ...] = STORY
    rooms: tuple[Room, ...] = ROOMS
    if parsed.say is not None:
        sentence = " ".join(parsed.say.split())
        if not sentence or len(sentence) > _MAX_SENTENCE_CHARS:
            raise ValueError(f"--say takes a sentence of 1 to {_MAX_SENTENCE_CHARS} characters.")
        area = parsed.area.strip().lower().replace(" ", "_")
        lines = (Line(area, sentence),)
        if area not in {room.area for room in rooms}:
            rooms = (*rooms[:-1], Room(area, rooms[-1].noise_db))
    if parsed.once:
        lines = lines[:1]
    return Options(lines, rooms, report, state, parsed.once, parsed.mic)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roomtone demo",
        description="A hub, a demo house and three rooms on this machine. A synthetic person speaks in one of them;"
        " all of them hear it, and one answers.",
    )
    parser.add_argument("--once", action="store_true", help="end after the first story")
    parser.add_argument("--say", metavar="SENTENCE", help="say this, after “Alexa,”, in the room of --in")
    parser.add_argument("--in", dest="area", metavar="AREA", help="a room of the demo house, such as kitchen")
    parser.add_argument("--mic", action="store_true", help="make this machine a room too, with its own microphone")
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="where turns and recordings are kept (default: out/demo)"
    )
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="the demo hub's own state (default: a temporary folder)"
    )
    return parser
