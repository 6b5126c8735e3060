"""A sentence in the voice of the house, made once and played by any number of loudspeakers."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hub.engine.port import (
    AudioOut,
    EngineError,
    EngineEvent,
    SessionLost,
    SessionRequest,
    UtteranceEnded,
    VoiceEngine,
)

_LOG = logging.getLogger(__name__)

# A whole long announcement; a voice that has not ended it by then never will.
LIMIT_S: Final = 120.0


class Sink(Protocol):
    """Where a rendering is played."""

    def push(self, pcm: NDArray[np.int16]) -> None:
        """Add audio, int16 at 24 kHz."""

    def complete(self) -> None:
        """No more comes."""


class Rendering:
    """What was made so far, and who plays it. Who joins late gets it from its beginning.

    Args:
        lead: what sounds before the words, such as a chime; it goes out with the first of them.

    Attributes:
        ids: the text ids that the voice spoke it by, if it has such.
        fault: why it is not whole; who plays it plays what there is.
    """

    def __init__(self, lead: NDArray[np.int16] | None = None) -> None:
        self.ids: tuple[int, ...] = ()
        self.fault: EngineError | None = None
        self._lead = lead
        self._made: list[NDArray[np.int16]] = []
        self._sinks: list[Sink] = []
        self._over = False
        self._ended: asyncio.Future[EngineError | None] = asyncio.get_running_loop().create_future()

    def play_on(self, sink: Sink) -> None:
        """Give it all that there is and all that comes."""
        for pcm in self._made:
            sink.push(pcm)
        if self._over:
            sink.complete()
        else:
            self._sinks.append(sink)

    async def render(self, engine: VoiceEngine, request: SessionRequest, text: str) -> None:
        """Have the voice say it; what it makes goes out at once, and what goes wrong stands in `fault`.

        Without words it is what leads them alone.
        """
        if not text:
            self._push(np.zeros(0, np.int16))
            self._finish()
            return
        try:
            session = await engine.open(request, self._take)
            try:
                session.listen_only(on=True)
                session.say(text)
                async with asyncio.timeout(LIMIT_S):
                    self.fault = await self._ended
            finally:
                await session.close()
        except EngineError as error:
            self.fault = error
        except TimeoutError:
            self.fault = EngineError("The voice did not come to the end of the sentence.")
        except Exception:  # noqa: BLE001 (logged; nobody looks at this task, and what is not whole was not said)
            _LOG.exception("a sentence could not be made")
            self.fault = EngineError("The voice broke in the middle of the sentence; the log says where.")
        finally:
            self._finish()

    def _take(self, event: EngineEvent) -> None:
        match event:
            case AudioOut(pcm=pcm, utterance=utterance) if utterance:
                self._push(pcm)
            case UtteranceEnded(utterance=utterance, error=error, ids=ids) if utterance:
                self.ids = ids
                self._end(error)
            case SessionLost(error=error):
                self._end(error)

    def _push(self, pcm: NDArray[np.int16]) -> None:
        if self._over:
            return
        if self._lead is not None:
            pcm, self._lead = np.concatenate((self._lead, pcm)), None
        self._made.append(pcm)
        for sink in self._sinks:
            sink.push(pcm)

    def _end(self, error: EngineError | None) -> None:
        if not self._ended.done():
            self._ended.set_result(error)

    def _finish(self) -> None:
        self._over = True
        for sink in self._sinks:
            sink.complete()
        self._sinks.clear()
