"""Prompts on their way into rows: read in slices between ticks, for a session's start and for each renewal of it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hub.engine.personaplex.port import Model, ModelLostError, Prefill, Prompt, PromptError, Snapshot
from hub.engine.personaplex.serving.renewal import Need
from hub.engine.personaplex.serving.row import Ended, Joined, Row
from hub.engine.personaplex.wire import Fault, Renewed
from hub.engine.port import EngineError

_LOG = logging.getLogger(__name__)

RETRY_FRAMES: Final = 125
FRESH_FRAMES: Final = 12  # a prompt that has waited longer is read again if more has been said


@dataclass(slots=True, eq=False)
class Reading:
    """A row and the prompt that is being read for it.

    Attributes:
        base: the persona it is made of.
        prompt: what is read, the dialogue included; None when nothing is.
        version: of the dialogue in it.
        ready: the prompt has been read.
        retry_at_frame: a renewal that failed is not tried again before this frame.
    """

    row: Row
    since: float
    base: Prompt | None = None
    prompt: Prompt | None = None
    version: int = 0
    prefill: Prefill | None = None
    ready: Snapshot | None = None
    ready_at_frame: int = 0
    retry_at_frame: int = 0


class PromptReader:
    """Reads the prompts of all rows, one slice of one prompt at a time.

    Attributes:
        slice_s: how long the last slice took.
        renewals: sessions started again.
    """

    def __init__(self, model: Model, clock: Callable[[], float]) -> None:
        self._model = model
        self._clock = clock
        self._queue: deque[Reading] = deque()
        self.slice_s = 0.0
        self.renewals = 0

    @property
    def waiting(self) -> bool:
        """There is something to read."""
        return bool(self._queue)

    def begin(self, row: Row) -> Reading:
        """Read a new session's prompt; the row joins when that is done, or is told why not."""
        reading = Reading(row, self._clock())
        self._read(reading, row.prompt, row.prompt)
        return reading

    def stop(self, reading: Reading) -> None:
        """Forget a row."""
        if reading in self._queue:
            self._queue.remove(reading)

    def look_after(self, reading: Reading) -> None:
        """Start a running row again from its prompt when it needs that."""
        row = reading.row
        wants = row.need
        if wants is Need.NOTHING or row.frame < reading.retry_at_frame:
            return
        base = row.wanted or row.prompt
        if reading.prompt is None:
            text = row.dialogue.prompt(base.text, self._model.count_tokens)
            reading.version = row.dialogue.version
            self._read(reading, base, Prompt(base.voice, text))
        elif reading.ready is not None and wants is Need.RENEW:
            waited = row.frame - reading.ready_at_frame
            outdated = waited > FRESH_FRAMES and reading.version != row.dialogue.version
            if outdated or reading.base != base:
                self._clear(reading)
            else:
                self._renew(reading, reading.ready)

    def read_slice(self) -> None:
        """One slice of the prompt that has waited longest.

        Raises:
            ModelLostError: the model is gone. Whatever else is wrong with one prompt does not end the others.
        """
        reading = self._queue[0]
        began = self._clock()
        snapshot: Snapshot | None = None
        try:
            if reading.prefill is not None:
                snapshot = reading.prefill.advance()
            elif reading.prompt is not None:
                reading.prefill = self._model.prefill(reading.prompt)
        except ModelLostError:
            raise
        except Exception as fault:  # noqa: BLE001 (a voice or prompt can break a model in any way)
            self._queue.popleft()
            self._refuse(reading, fault)
            return
        self.slice_s = self._clock() - began
        self._queue.popleft()
        if snapshot is None:
            self._queue.append(reading)
            return
        reading.prefill = None
        if reading.row.joined:
            reading.ready, reading.ready_at_frame = snapshot, reading.row.frame
        else:
            self._join(reading, snapshot)

    def _join(self, reading: Reading, snapshot: Snapshot) -> None:
        row = reading.row
        self._model.join(row.place, snapshot)
        row.start(snapshot.frames)
        self._clear(reading)
        row.events.append(Joined(row.place, snapshot.frames, 1000 * (self._clock() - reading.since)))

    def _renew(self, reading: Reading, snapshot: Snapshot) -> None:
        row = reading.row
        self._model.join(row.place, snapshot, keep_audio=True)
        row.prompt, row.wanted = reading.base or row.prompt, None
        row.start(snapshot.frames)
        self._clear(reading)
        self.renewals += 1
        row.events.append(Renewed(frame=row.frame, prompt_frames=snapshot.frames))

    def _read(self, reading: Reading, base: Prompt, prompt: Prompt) -> None:
        reading.base, reading.prompt, reading.prefill, reading.ready = base, prompt, None, None
        self._queue.append(reading)

    def _clear(self, reading: Reading) -> None:
        reading.base = reading.prompt = reading.prefill = reading.ready = None

    def _refuse(self, reading: Reading, fault: Exception) -> None:
        """A prompt could not be read: try it without the dialogue, else say so."""
        row, base = reading.row, reading.base
        if isinstance(fault, EngineError):
            error = fault
        else:
            _LOG.error("a prompt could not be read: %s", type(fault).__name__)
            error = PromptError("This voice and prompt could not be read by the model.")
        if not row.joined:
            row.events.append(Ended(error))
            return
        if base is not None and reading.prompt != base:
            self._read(reading, base, base)
            return
        self._clear(reading)
        if base is not None and base == row.wanted:
            row.wanted = None
        else:
            reading.retry_at_frame = row.frame + RETRY_FRAMES
        row.events.append(Fault(code=error.code, message=error.sentence))
