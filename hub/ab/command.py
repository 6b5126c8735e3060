"""Runs `roomtone ab`: both engines up, every turn to one and then to the other, the order changing each time."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from hub.ab.playing import Play, TurnResult
from hub.ab.report import summary, table
from hub.ab.turns import RecordedTurn, read_turns
from hub.config import Settings, load_settings, state_dir
from hub.engine.port import VoiceEngine
from hub.errors import ConfigError
from hub.hearing.port import Hearing
from hub.home.demo import DemoHome
from hub.parts import make_hearing, make_voice

Tell = Callable[[str], None]


class RealTime:
    """The clock on the wall."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait."""
        return asyncio.sleep(seconds)


def _monotonic_ms() -> float:
    return time.monotonic() * 1000.0


def compare(options: argparse.Namespace) -> int:
    """Compare, and print the table or JSON. Turns that an engine got wrong are a finding, not a fault.

    Raises:
        RoomtoneError: the turns cannot be read, or an engine cannot be had.
    """
    turns = read_turns(options.turns)
    settings = load_settings(options.config)
    directory = options.state_dir or state_dir()
    engines = [make_voice(_with_engine(settings, kind), directory) for kind in (options.a, options.b)]

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201  a command's progress

    hearing = make_hearing(settings, directory, now_ms=_monotonic_ms)
    sides = asyncio.run(play_all(turns, engines, hearing, options.area, tell))
    names = f"A: {options.a}", f"B: {options.b}"
    if options.json:
        result = {
            side: {"engine": kind, "summary": summary(results), "turns": [one.to_json() for one in results]}
            for side, kind, results in zip(("a", "b"), (options.a, options.b), sides, strict=True)
        }
        print(json.dumps(result))  # noqa: T201  a command's result
    else:
        print(table(names, (sides[0], sides[1])))  # noqa: T201  a command's result
    return 0


def _with_engine(settings: Settings, kind: str) -> Settings:
    if kind == "remote" and settings.engine.url is None:
        raise ConfigError("There is no server to compare with: name one in the settings, engine: {url: wss://...}.")
    return settings.model_copy(update={"engine": settings.engine.model_copy(update={"kind": kind})})


async def play_all(
    turns: Sequence[RecordedTurn], engines: Sequence[VoiceEngine], hearing: Hearing, area: str, tell: Tell
) -> list[list[TurnResult]]:
    """Every turn to every engine; what one turn does to the house is unknown to the next.

    Returns:
        The results of each engine, in the order of the turns.

    Raises:
        RoomtoneError: an engine or the recogniser cannot be had.
    """
    sides: list[list[TurnResult]] = [[] for _engine in engines]
    async with AsyncExitStack() as stack:
        parts: tuple[Hearing | VoiceEngine, ...] = (hearing, *engines)
        for part in parts:
            stack.push_async_callback(part.close)
            await part.start()
        for number, turn in enumerate(turns):
            order = list(enumerate(engines))
            for index, engine in order if number % 2 == 0 else reversed(order):
                home = DemoHome()
                await home.start()
                try:
                    result = await Play(engine, hearing, home, RealTime()).run(turn, area)
                finally:
                    await home.close()
                sides[index].append(result)
                tell(f"{turn.path.name}, {engine.info.name}: {'ok' if result.success else 'FAIL'}")
    return sides
