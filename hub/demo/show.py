"""The play itself: the person's sentences through the satellites, and whether what should happen did."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.demo.acoustics import write_wav
from hub.demo.person import Line, Room, Scene, loudspeaker_response, piper_voice, play
from hub.demo.screen import Screen
from hub.demo.sound import Loudspeaker
from hub.demo.stage import DemoFailedError, Stage
from hub.engine.cascade.voice import VoiceProcess
from hub.errors import HubUnreachableError

_SATELLITES_UP_S: Final = 40.0
_LEAD_S: Final = 8.0  # a satellite that begins late would hear everything late
_AFTER_S: Final = 30.0
_MIC_AREA: Final = "office"
_PLAYED_AFTER_S: Final = 0.4  # a room's file lags behind its loudspeaker by its buffers


class TooLateError(DemoFailedError):
    """Something did not happen in time."""


class Show:
    """Performs `lines` in `rooms` on `stage`.

    Args:
        stage: owns the processes.
        screen: is fed with the hub's events.
        report: gets AREA/mic.wav and AREA/speaker.wav.
        rooms: neighbours in this order.
        lines: what is said, one after the other.
    """

    def __init__(
        self, stage: Stage, screen: Screen, report: Path, rooms: Sequence[Room], lines: Sequence[Line]
    ) -> None:
        self._stage = stage
        self._screen = screen
        self._report = report
        self._rooms = rooms
        self._lines = lines
        self._up: set[str] = set()
        self._turns: list[Mapping[str, Any]] = []
        self._changed = asyncio.Event()
        self._loudspeaker = Loudspeaker.find()
        self._unheard: asyncio.Queue[Path] = asyncio.Queue(maxsize=16)
        self._scene: Scene | None = None
        self._windows: tuple[Window, ...] = ()

    async def prepare(self) -> None:
        """Start the hub, pair the rooms and record what their microphones will hear.

        Raises:
            RoomtoneError: a part of it cannot be had here.
        """
        self._screen.tell("Starting the hub and its models; the first time takes longest …", "dim")
        # A report tells of one run.
        (self._report / "turns.jsonl").unlink(missing_ok=True)
        await self._stage.start_hub(lambda what: self._screen.tell(f"  {what} …", "dim"))
        for room in self._rooms:
            self._screen.tell(f"  pairing a satellite for {room.area} …", "dim")
            await self._stage.pair(room.area)
        self._screen.tell("  the person learns the lines …", "dim")
        voice = VoiceProcess(cache_dir=self._stage.state_dir / "cache")
        await voice.start()
        try:
            self._scene = await play(self._lines, self._rooms, piper_voice(voice))
        finally:
            await voice.close()
        for area, track in self._scene.microphones.items():
            write_wav(self._report / area / "mic.wav", track)
        write_wav(self._stage.state_dir / "echo.wav", loudspeaker_response())

    async def perform(self, *, once: bool, mic: bool) -> bool:
        """Let it happen; returns whether every line was answered in its own room, as it should be.

        Raises:
            DemoFailedError: a process gave up.
        """
        if self._scene is None:
            await self.prepare()
            return await self.perform(once=once, mic=mic)
        scene = self._scene
        async with _beside(self._watch(), self._play_aloud()):
            begin_s = await self._start_satellites(once=once, mic=mic)
            # The hub tells monotonic time of this machine; the cues must be in it to be compared.
            begin_ms = (time.monotonic() + begin_s - time.time()) * 1000
            self._windows = windows(scene, begin_ms)
            async with _beside(self._announce(scene, begin_s)):
                with contextlib.suppress(TooLateError):  # which the verdict tells in better words
                    await self._wait(self._all_answered, begin_s + scene.length_s + _AFTER_S - time.time())
                if once:
                    await self._stage.ended([room.area for room in self._rooms], _AFTER_S)
        if self._loudspeaker is None:
            self._screen.tell("This machine has no loudspeaker; the answers are in the rooms' speaker.wav.", "dim")
        return self._verdict()

    async def stay(self) -> None:
        """Keep showing what happens, until cancelled."""
        async with _beside(self._watch(), self._play_aloud()):
            await self._wait(lambda: False, None)

    async def _start_satellites(self, *, once: bool, mic: bool) -> float:
        # Sample 0 of every microphone is one moment: the sound of one person reaches all rooms together.
        begin_s = time.time() + _LEAD_S
        echo = self._stage.state_dir / "echo.wav"
        for room in self._rooms:
            folder = self._report / room.area
            files = f"{folder / 'mic.wav'},{folder / 'speaker.wav'}"
            audio = f"file:{files},echo={echo},delay_ms=40,start_at={begin_s:.3f}"
            await self._stage.start_satellite(room.area, audio, exit_when_done=once)
        if mic:
            await self._stage.pair(_MIC_AREA)
            await self._stage.start_satellite(_MIC_AREA, "device", exit_when_done=False)
            self._screen.tell(f"This machine is the room “{_MIC_AREA}”: say “Alexa, ...” to it.", "bold")
        await self._wait(lambda: self._up >= {room.area for room in self._rooms}, _SATELLITES_UP_S)
        return begin_s

    async def _announce(self, scene: Scene, begin_s: float) -> None:
        for cue in scene.cues:
            await asyncio.sleep(begin_s + cue.begin_s - time.time())
            self._screen.tell("")
            self._screen.tell(f"In the {cue.line.area}, somebody says: “Alexa, {cue.line.sentence}”", "bold")

    async def _wait(self, is_so: Callable[[], bool], timeout_s: float | None) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not is_so():
                    self._changed.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(1.0):
                            await self._changed.wait()
                    fallen = self._stage.fallen()
                    if fallen is not None:
                        raise self._stage.failed(fallen, "ended with a fault")
        except TimeoutError:
            raise TooLateError(
                f"The demo waited {timeout_s or 0:.0f} s in vain. Its logs are in {self._stage.logs}."
            ) from None

    async def _watch(self) -> None:
        async for event in self._stage.events():
            self._screen.event(event)
            if event.get("event") == "SatelliteUp":
                self._up.add(event["area"])
            elif event.get("event") == "TurnEnded":
                self._turns.append(event["record"])
                if self._loudspeaker is not None and not self._unheard.full():
                    self._unheard.put_nowait(self._report / event["area"] / "speaker.wav")
            self._changed.set()

    async def _play_aloud(self) -> None:
        while self._loudspeaker is not None:
            speaker = await self._unheard.get()
            await asyncio.sleep(_PLAYED_AFTER_S)
            if speaker.exists():  # a room with a loudspeaker of its own has no file
                await self._loudspeaker.play_new(speaker)

    def _all_answered(self) -> bool:
        return not any(True for _ in self._missing())

    def _missing(self) -> Iterator[Line]:
        for window in self._windows:
            if not any(fulfils(turn, window) for turn in self._turns):
                yield window.line

    def _verdict(self) -> bool:
        missing = list(self._missing())
        for line in missing:
            self._screen.tell(f"“{line.sentence}” was not answered in {line.area} as it should be.", "bold red")
        return not missing


@dataclass(frozen=True, slots=True)
class Window:
    """When the answer to `line` is due, in the hub's monotonic milliseconds."""

    line: Line
    begin_ms: float
    end_ms: float


def windows(scene: Scene, begin_ms: float) -> tuple[Window, ...]:
    """From the first sound of each line to that of the next."""
    begins = [begin_ms + cue.begin_s * 1000 for cue in scene.cues]
    ends = [*begins[1:], float("inf")]
    return tuple(Window(cue.line, begin, end) for cue, begin, end in zip(scene.cues, begins, ends, strict=True))


def fulfils(turn: Mapping[str, Any], window: Window) -> bool:
    """Whether this turn answers the line: in its room and time, heard there, with the device on where one should be."""
    line, played_ms = window.line, turn["t_ms"]["audio_played"]
    if turn["area"] != line.area or not turn["assistant"] or played_ms is None:
        return False
    if not window.begin_ms <= played_ms < window.end_ms:
        return False
    return not line.turns_on or any(
        action["domain"] == line.turns_on and action["verified"] and action["state"] == "on"
        for action in turn["actions"]
    )


@contextlib.asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` as long as the block runs. A hub that goes away ends it quietly: `_wait` tells of that better."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, HubUnreachableError):
            raise outcome
