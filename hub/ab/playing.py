"""Plays a recorded turn to one engine in real time, as a room would, and notes what came of it and when."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import numpy as np

from hub.ab.recording import word_error_rate
from hub.ab.turns import RATE_HZ, Expected, RecordedTurn
from hub.dialog.acting import Actor, Outcome
from hub.engine.port import AudioOut, EngineError, EngineEvent, EngineSession, SessionLost, SessionRequest, VoiceEngine
from hub.hearing.port import Final as FinalText
from hub.hearing.port import Hearing, HearingEvent, HearingHints
from hub.home.areas import find_area
from hub.home.port import Home
from hub.understanding.house import ActionResult
from hub.understanding.parser import Parser
from hub.understanding.vocabulary import vocabulary

STEP_SAMPLES: Final = 480
_STEP_S: Final = STEP_SAMPLES / RATE_HZ
# An engine that has been quiet for so long after an answer has said it.
QUIET_S: Final = 1.0
WAIT_S: Final = 10.0
_NEW_STRETCH_MS: Final = 300.0


class Pace(Protocol):
    """The clock of a play, in seconds."""

    def now(self) -> float:
        """Monotonic seconds."""

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Let so much time pass."""


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What one engine made of one turn. Times are milliseconds after the user's last speech; None: it did not happen.

    Attributes:
        answered: whether anything was said after the user.
        answer_ms: first sound of the answer, as the engine gave it.
        transcript_ms, understood_ms: the same for both engines but for chance; how long the hub itself takes.
        spoke_over: stretches of speech that began while the user was talking.
        action_right: whether the expected was done and nothing else; None where nothing is expected.
        word_errors: of the transcript against the expected text.
        error: what ended the conversation early.
    """

    file: str
    transcript: str
    answered: bool
    answer_ms: float | None
    transcript_ms: float | None
    understood_ms: float | None
    spoke_over: int
    action_right: bool | None
    word_errors: float | None
    error: str | None

    @property
    def success(self) -> bool:
        """Answered, and the right thing done where that is known."""
        return self.answered and self.action_right is not False and self.error is None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "success": self.success}


class Play:
    """One turn with one engine. Lives for one `run`.

    Args:
        engine: started.
        hearing: started.
        home: a house that this turn may change.
        pace: the clock.
    """

    def __init__(self, engine: VoiceEngine, hearing: Hearing, home: Home, pace: Pace) -> None:
        self._engine = engine
        self._hearing = hearing
        self._home = home
        self._pace = pace
        self._actor = Actor(home, Parser(), now_ms=self._now_ms)
        self._session: EngineSession | None = None
        self._finals: list[FinalText] = []
        self._outcomes: list[Outcome] = []
        self._onsets_ms: list[float] = []
        self._last_sound_ms: float | None = None
        self._lost: EngineError | None = None
        self._acting: set[asyncio.Task[None]] = set()

    async def run(self, turn: RecordedTurn, area: str) -> TurnResult:
        """Play it.

        Raises:
            RoomtoneError: no conversation could be opened, or the area is unknown.
        """
        area_id = find_area(self._home.house, turn.expected.area or area).id
        trace = uuid.uuid4().hex[:16]
        hints = HearingHints(vocabulary=vocabulary(self._home.house), is_complete=self._actor.completeness(area_id))
        session = await self._engine.open(SessionRequest(uuid.uuid4().hex[:16], area_id, trace), self._on_engine)
        self._session = session
        stream = self._hearing.open(hints, lambda event: self._on_hearing(event, area_id, trace))
        try:
            began_ms = await self._feed(turn, session.feed, stream.feed)
        finally:
            await stream.close()
            for task in self._acting:
                task.cancel()
            await asyncio.gather(*self._acting, return_exceptions=True)
            await session.close()
        return self._result(turn.expected, began_ms)

    async def _feed(self, turn: RecordedTurn, *ears: Callable[[Any, int], None]) -> float:
        """Feed the recording, then silence, in real time, until the answer is over; answers when it began, in ms."""
        began_s = self._pace.now()
        silence = np.zeros(STEP_SAMPLES, np.int16)
        position = 0
        while self._lost is None and not self._over(turn, began_s):
            step = turn.pcm[position : position + STEP_SAMPLES]
            if len(step) < STEP_SAMPLES:
                step = np.concatenate([step, silence[len(step) :]])
            for feed in ears:
                feed(step, position)
            position += STEP_SAMPLES
            await self._pace.sleep(max(0.0, began_s + position / RATE_HZ - self._pace.now()))
        return began_s * 1e3

    def _over(self, turn: RecordedTurn, began_s: float) -> bool:
        since_end_s = self._pace.now() - began_s - len(turn.pcm) / RATE_HZ
        if since_end_s < QUIET_S:
            return False
        quiet = self._last_sound_ms is not None and self._now_ms() - self._last_sound_ms > QUIET_S * 1e3
        return (quiet and bool(self._outcomes) and not self._acting) or since_end_s > WAIT_S

    def _now_ms(self) -> float:
        return self._pace.now() * 1e3

    def _on_engine(self, event: EngineEvent) -> None:
        if isinstance(event, AudioOut):
            now_ms = self._now_ms()
            if self._last_sound_ms is None or now_ms - self._last_sound_ms > _NEW_STRETCH_MS:
                self._onsets_ms.append(now_ms)
            self._last_sound_ms = now_ms
        elif isinstance(event, SessionLost):
            self._lost = event.error

    def _on_hearing(self, event: HearingEvent, area_id: str, trace: str) -> None:
        if isinstance(event, FinalText) and event.text:
            self._finals.append(event)
            task = asyncio.create_task(self._act(event, area_id, trace), name="ab-acting")
            self._acting.add(task)
            task.add_done_callback(self._acting.discard)

    async def _act(self, final: FinalText, area_id: str, trace: str) -> None:
        outcome = await self._actor.handle(final.text, area_id, trace=trace)
        self._outcomes.append(outcome)
        if self._session is not None and not self._engine.info.autonomous and outcome.sentence:
            self._session.say(outcome.sentence)

    def _result(self, expected: Expected, began_ms: float) -> TurnResult:
        transcript = " ".join(final.text for final in self._finals)
        speech_ms = [
            (began_ms + final.start_samples / RATE_HZ * 1e3, began_ms + final.end_samples / RATE_HZ * 1e3)
            for final in self._finals
        ]
        end_ms = max((end for _start, end in speech_ms), default=None)
        after = [onset for onset in self._onsets_ms if end_ms is None or onset >= end_ms]
        results = [result for outcome in self._outcomes for result in outcome.results]

        def since_end(at_ms: float | None) -> float | None:
            return round(at_ms - end_ms, 1) if at_ms is not None and end_ms is not None else None

        return TurnResult(
            file=expected.file,
            transcript=transcript,
            answered=bool(after),
            answer_ms=since_end(after[0] if after else None),
            transcript_ms=since_end(self._finals[-1].decoded_ms if self._finals else None),
            understood_ms=since_end(self._outcomes[-1].understood_ms if self._outcomes else None),
            spoke_over=sum(any(start < onset < end for start, end in speech_ms) for onset in self._onsets_ms),
            action_right=_right(expected, results) if expected.judges_action else None,
            word_errors=round(word_error_rate([expected.text], [transcript]), 4) if expected.text else None,
            error=self._lost.sentence if self._lost is not None else None,
        )


def _right(expected: Expected, results: list[ActionResult]) -> bool:
    """Whether exactly the expected was called, and seen to have happened."""
    done = {
        (result.action.domain, result.action.service, entity_id, result.verified)
        for result in results
        for entity_id in result.action.entity_ids
    }
    wanted = expected.action
    if wanted is None:
        return not done
    return done == {(wanted.domain, wanted.service, entity_id, True) for entity_id in wanted.entity_id}
