"""The thread that owns the model, and what the event loop may ask of it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.engine.personaplex.port import Model, ModelLostError, Prompt
from hub.engine.personaplex.serving.renewal import FULL_WINDOW_FRAMES, Window
from hub.engine.personaplex.serving.row import Command, Inbox, Row, RowEvent, Tokenizer
from hub.engine.personaplex.serving.rows import Rows, TickStats
from hub.engine.port import EngineBusyError, EngineError

_LOG = logging.getLogger(__name__)

PACED_INBOX_FRAMES: Final = 375  # 30 s of a client that sends ahead of time
LIVE_INBOX_FRAMES: Final = 64
MAX_COMMANDS: Final = 256
STUCK_S: Final = 30.0
_STOP_S: Final = 10.0

EventSink = Callable[[Sequence[RowEvent]], None]


class Seat:
    """One session as the event loop sees it. All of it is called on the loop's thread, and nothing blocks."""

    def __init__(self, ticker: Ticker, row: Row, sink: EventSink) -> None:
        self._ticker = ticker
        self._row = row
        self._sink = sink
        self._closed = False

    @property
    def full(self) -> bool:
        """As many frames wait as may; a client that is not live must be held back."""
        return self._row.inbox.full

    def hear(self, pcm: NDArray[np.float32]) -> None:
        """One ModelFrame of the user, float32 [1920]. In a full inbox it pushes out the oldest."""
        self._row.dropped += self._row.inbox.put(pcm, self._ticker.clock())
        if not self._row.live:
            self._ticker.wake()

    def command(self, command: Command) -> None:
        """Have something done before the next frame.

        Raises:
            EngineError: too many commands wait.
        """
        self._ticker.command(self._row, command)

    def close(self) -> None:
        """Leave; no event comes after this."""
        if not self._closed:
            self._closed = True
            self._ticker.leave(self._row)

    def tell(self, events: Sequence[RowEvent]) -> None:
        """Hand events on, unless the session has been closed meanwhile."""
        if not self._closed:
            self._sink(events)


class Ticker:
    """Runs `Rows` in a thread of its own.

    Attributes:
        clock: monotonic seconds.
        lost: why the model is gone, if it is.
    """

    def __init__(
        self,
        model: Model,
        post: Callable[[Callable[[], None]], None],
        *,
        on_lost: Callable[[ModelLostError], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make a ticker.

        Args:
            model: used from the ticker's thread only, but for what the port allows from any.
            post: runs a function on the event loop's thread, soon.
            on_lost: called there when the model is gone; every session has been told by then.
            clock: monotonic seconds.
        """
        self.clock = clock
        self.lost: ModelLostError | None = None
        self._model = model
        self._post = post
        self._on_lost = on_lost
        self._rows = Rows(model, clock)
        self._tokenizer = Tokenizer(model.encode, model.piece, model.count_tokens)
        self._free = list(range(model.info.rows))
        self._seats: dict[Row, Seat] = {}
        self._todo: deque[Callable[[], None]] = deque()
        self._woken = threading.Condition()
        self._wake = False
        self._stopping = False
        self._busy_since: float | None = None
        self._thread = threading.Thread(target=self._run, name="engine-ticker", daemon=True)

    @property
    def stats(self) -> TickStats:
        """How it keeps up."""
        return self._rows.stats

    @property
    def renewals(self) -> int:
        """Sessions started again from their prompt."""
        return self._rows.renewals

    @property
    def busy(self) -> int:
        """Rows taken."""
        return len(self._seats)

    @property
    def stuck(self) -> bool:
        """One call of the model has taken half a minute."""
        since = self._busy_since
        return since is not None and self.clock() - since > STUCK_S

    def start(self) -> None:
        """Begin to tick."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the call of the model that is running."""
        self._stopping = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def open(self, prompt: Prompt, sink: EventSink, *, live: bool, listen_only: bool = False, window: Window) -> Seat:
        """Take a row. `Joined` or `Ended` comes to the sink; audio may be given at once.

        Raises:
            EngineBusyError: every row is taken.
            ModelLostError: the model is gone.
        """
        if self.lost is not None:
            raise self.lost
        if not self._free:
            raise EngineBusyError(f"All {self._model.info.rows} places of the engine are taken; try again later.")
        row = Row(
            self._free.pop(0),
            prompt,
            live=live,
            listen_only=listen_only,
            window=window,
            tokenizer=self._tokenizer,
            inbox=Inbox(LIVE_INBOX_FRAMES if live else PACED_INBOX_FRAMES),
        )
        seat = Seat(self, row, sink)
        self._seats[row] = seat
        self._do(lambda: self._rows.join(row))
        return seat

    def leave(self, row: Row) -> None:
        """Free a row. The next session in it is joined after this one has left."""
        if self._seats.pop(row, None) is None:
            return
        self._free.append(row.place)
        self._do(lambda: self._rows.leave(row))

    def command(self, row: Row, command: Command) -> None:
        """Have a row obey.

        Raises:
            EngineError: too many commands wait.
        """
        if len(self._todo) >= MAX_COMMANDS:
            raise EngineError("The engine is too far behind to take this; try again in a moment.")
        self._do(lambda: row.obey(command))

    def window(self, *, live: bool, given_frames: int | None) -> Window:
        """The window of a session.

        Args:
            live: by our extension.
            given_frames: the window that the user has set, if any.

        A session by the reference protocol runs as long as the reference's would: with the released weights that is the
        same, a smaller model runs past its window as it does there.
        """
        own = self._model.info.context_frames
        return Window.of(own if live or given_frames is not None else max(own, FULL_WINDOW_FRAMES))

    def wake(self) -> None:
        """Something has come in."""
        with self._woken:
            self._wake = True
            self._woken.notify()

    def _do(self, action: Callable[[], None]) -> None:
        self._todo.append(action)
        self.wake()

    # --- the ticker's thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._busy_since = self.clock()
                while self._todo:
                    self._todo.popleft()()
                next_s = self._rows.advance()
                self._busy_since = None
                self._deliver()
                self._sleep(next_s)
        except Exception as fault:  # noqa: BLE001 (whatever it was, nobody else would tell the sessions)
            self._busy_since = None
            _LOG.exception("the engine is lost")
            lost = fault if isinstance(fault, ModelLostError) else ModelLostError(f"The engine failed: {fault}")
            self.lost = lost
            self._rows.end(lost)
            self._deliver()
            self._post(lambda: self._on_lost(lost))

    def _sleep(self, until_s: float | None) -> None:
        with self._woken:
            if not self._wake and not self._stopping and not self._todo:
                left = None if until_s is None else until_s - self.clock()
                if left is None or left > 0:
                    self._woken.wait(left)
            self._wake = False

    def _deliver(self) -> None:
        told = []
        for row in self._rows.telling:
            told.append((row, row.events))
            row.events = []
        if told:
            self._post(lambda: self._hand_out(told))

    def _hand_out(self, told: Sequence[tuple[Row, Sequence[RowEvent]]]) -> None:
        for row, events in told:
            seat = self._seats.get(row)
            if seat is not None:
                seat.tell(events)
