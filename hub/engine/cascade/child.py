"""One life of the speaking process, as the hub sees it."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence

import numpy as np
from numpy.typing import NDArray

from hub.engine.cascade.wire import LENGTH, MAX_ANSWER_BYTES, Kind, SpeechRequest, parse_answer
from hub.engine.port import EngineError

_START_S = 30.0
_ANSWER_S = 15.0
_STOP_S = 2.0
_WAITING_ANSWERS = 64


class SpeakingChild:
    """A running process. `say` is called by one caller at a time; a caller may leave in the middle.

    Attributes:
        rate_hz: the voice's sample rate.
        dead: nothing more comes from it.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._answers: asyncio.Queue[tuple[Kind, int, bytes] | None] = asyncio.Queue(_WAITING_ANSWERS)
        self._reader = asyncio.create_task(self._read(), name="voice-reader")
        self._ids = 0
        self.rate_hz = 0
        self.dead = False

    @classmethod
    async def launch(cls, command: Sequence[str]) -> SpeakingChild:
        """Start the process, wait until its voice is loaded, and have it speak once.

        Raises:
            EngineError: it did not start; its own reason is in the sentence.
        """
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        except OSError as fault:
            raise EngineError(f"The voice process cannot be started: {fault}") from fault
        child = cls(process)
        try:
            async with asyncio.timeout(_START_S):
                child.rate_hz = await child._loaded()
                async for _pcm in child.say("The kitchen light is on.", volume=1.0):
                    pass
        except (TimeoutError, ValueError) as fault:
            await child.end()
            raise EngineError("The voice process started and did not become ready.") from fault
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    async def wait(self) -> None:
        """Return when the process has ended."""
        await self._process.wait()

    async def say(self, text: str, *, volume: float) -> AsyncGenerator[NDArray[np.int16], None]:
        """Speak one sentence; int16 at `rate_hz`.

        Raises:
            EngineError: it cannot say this, is dead, or was too slow and has been killed.
        """
        self._ids += 1
        request = SpeechRequest(self._ids, text, volume=volume)
        if self._process.stdin is None or self.dead:
            raise EngineError("The voice is dead and is being started again.")
        try:
            self._process.stdin.write(request.pack())
            await self._process.stdin.drain()
        except OSError as fault:
            raise EngineError("The voice died and is being started again.") from fault
        while True:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    kind, request_id, payload = await self._next()
            except TimeoutError as late:
                self._kill()
                raise EngineError("The voice did not answer in time and is being started again.") from late
            if request_id != request.id:
                continue  # what is left of a sentence whose caller has gone
            if kind is Kind.END:
                return
            if kind is Kind.FAULT:
                raise EngineError(f"The voice cannot say this: {payload.decode(errors='replace')}")
            yield np.frombuffer(payload, "<i2").astype(np.int16)

    async def end(self) -> None:
        """Close its standard input, which ends it; kill it if that takes over two seconds."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            self._kill()
            await self._process.wait()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _loaded(self) -> int:
        """Wait for the voice; answers its sample rate."""
        kind, _request, payload = await self._next()
        if kind is not Kind.READY:
            raise EngineError(f"The voice cannot be loaded: {payload.decode(errors='replace')}")
        return int(payload)

    async def _next(self) -> tuple[Kind, int, bytes]:
        answer = await self._answers.get()
        if answer is None:
            self._answers.put_nowait(None)
            raise EngineError("The voice died in mid-sentence and is being started again.")
        return answer

    async def _read(self) -> None:
        """Move answers from the pipe to the queue; a full queue holds the process back. None marks the end."""
        source = self._process.stdout
        try:
            while source is not None:
                (length,) = LENGTH.unpack(await source.readexactly(LENGTH.size))
                if length > MAX_ANSWER_BYTES:
                    break
                await self._answers.put(parse_answer(await source.readexactly(length)))
        except (asyncio.IncompleteReadError, OSError, ValueError):
            pass  # the process is gone or talks nonsense: both are told by the None below
        self.dead = True
        self._kill()
        if self._answers.full():
            self._answers.get_nowait()
        self._answers.put_nowait(None)
