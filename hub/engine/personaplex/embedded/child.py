"""One life of the engine process, as the hub sees it: started, ready, watched, ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hub.engine.personaplex.faults import EngineDownError, refusal
from hub.engine.personaplex.port import ModelLostError
from hub.engine.personaplex.serving.serve import EXIT_LOST
from hub.engine.port import EngineError

_LOG = logging.getLogger(__name__)

# Sixteen gigabytes of weights from a slow disk, and the CUDA graphs after them.
START_S: Final = 600.0
_STOP_S: Final = 3.0
_LAST_WORDS_S: Final = 0.2
_LINE_CHARS: Final = 400

Progress = Callable[[str], None]


class EngineChild:
    """A running engine process. It ends when its standard input does, so it never outlives the hub.

    Attributes:
        port: of its WebSocket on loopback.
    """

    def __init__(self, process: Process, on_progress: Progress) -> None:
        self._process = process
        self._on_progress = on_progress
        self._fault: EngineError | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._readers = (
            asyncio.create_task(self._read_answers(), name="engine-stdout"),
            asyncio.create_task(self._read_log(), name="engine-stderr"),
        )
        self.port = 0

    @classmethod
    async def launch(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        on_progress: Progress = lambda _what: None,
        start_s: float = START_S,
    ) -> EngineChild:
        """Start the process and wait until its model is loaded and warm.

        Args:
            command: what to run; it gets a pipe as standard input that ends with the hub.
            environment: its whole environment.
            on_progress: told each step of loading in a few words.
            start_s: deadline.

        Raises:
            EngineError: it did not get ready; its own reason is in the sentence where it gave one.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(environment)
            )
        except OSError as fault:
            raise EngineDownError(
                f"The voice engine cannot be started ({fault.strerror or fault}). Run “roomtone engine install”."
            ) from fault
        child = cls(process, on_progress)
        try:
            async with asyncio.timeout(start_s):
                await child._ready
        except TimeoutError as late:
            await child.end()
            raise EngineDownError(f"The voice engine was not ready within {start_s:g} seconds.") from late
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    async def ended(self) -> EngineError:
        """Wait for the end of the process; the answer says why."""
        code = await self._process.wait()
        await asyncio.wait(self._readers, timeout=_LAST_WORDS_S)
        return self._fault or _why(code)

    async def end(self) -> None:
        """Close its standard input, which ends it; kill it if that takes too long."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        if not self._ready.done():
            self._ready.cancel()

    def kill(self) -> None:
        """End it at once: it does not answer."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _read_answers(self) -> None:
        """`port N`, `progress WORDS`, `fault CODE SENTENCE`, `ready`; lines of another kind are left alone."""
        source = self._process.stdout
        while source is not None and (line := await _line(source)) is not None:
            word, _, rest = line.partition(" ")
            if word == "port" and rest.isdecimal():
                self.port = int(rest)
            elif word == "progress":
                self._on_progress(rest)
            elif word == "fault":
                name, _, sentence = rest.partition(" ")
                self._fault = refusal(name, sentence)
            elif word == "ready" and not self._ready.done() and self.port:
                self._ready.set_result(None)
        code = await self._process.wait()
        if not self._ready.done():
            self._ready.set_exception(self._fault or _why(code))

    async def _read_log(self) -> None:
        source = self._process.stderr
        while source is not None and (line := await _line(source)) is not None:
            if line:
                _LOG.info("engine: %s", line)


async def _line(source: asyncio.StreamReader) -> str | None:
    """The next line without its end, cut at a sane length; None at the end."""
    try:
        raw = await source.readline()
    except ValueError:
        return ""  # longer than the reader's limit: nobody reads that, and the reader has thrown it away
    return raw.decode(errors="replace").rstrip()[:_LINE_CHARS] if raw else None


def _why(code: int) -> EngineError:
    if code == -signal.SIGKILL:
        return EngineDownError("The voice engine was killed; a machine that runs out of memory does that.")
    if code == EXIT_LOST:
        return ModelLostError("The voice engine lost its model or its GPU and is being started again.")
    if code < 0:
        return ModelLostError(f"The voice engine crashed ({signal.Signals(-code).name}) and is being started again.")
    return EngineDownError(f"The voice engine ended by itself (exit code {code}); its log says why.")
