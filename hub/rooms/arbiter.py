"""Which room is being spoken to.

Every satellite in earshot wakes, near or far, with the same score and often at the same moment, so calls are collected
for a short window and the room is chosen by evidence that no microphone's gain can buy: how far the voice stands over
the room's own noise floor, and where it began first. Wake score and time of firing only break ties.

Pure: events and times in, decisions out. The caller asks `due` when `deadline_ms` has passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

# The window covers every far satellite seen to fire late for the same utterance (okay_nabu fires latest).
DEFAULT_WINDOW_MS = 200.0
WINDOW_MS_OF_WORD = {"okay_nabu": 300.0}
# Calls of the same utterance that come after the decision: sound, network and detectors are never later than this.
LATE_MS = 1200.0
# Of one utterance no detector fires so much later than another; who does has heard somebody else.
SAME_WORD_MS = 400.0
# Whoever was taken for a television is believed when he calls again within this time.
_INSISTS_MS = 8000.0
# One unit of log odds: 3 dB of SNR, or 40 ms of earlier onset (half of it when clocks are not yet in step).
_SNR_DB_PER_NAT = 3.0
_ONSET_MS_PER_NAT = 40.0
_ONSET_LIMIT_NAT = 1.5


class Loudspeaker(Enum):
    """What can say a wake word without meaning it."""

    OURS = "our own voice"
    TELEVISION = "a television"


@dataclass(frozen=True, slots=True)
class Call:
    """A satellite that woke, with its evidence. Times are the hub's monotonic milliseconds.

    Attributes:
        snr_db: mean band SNR of the wake word over the room's own floor.
        onset_ms: where speech began in this room, None if it reported none.
        clock_error_ms: how far this satellite's clock may be off.
        odds: log odds of this room by all cues that were reported while the word was spoken; None where nothing was.
        refused: the loudspeaker that this call came from, if it did.
        begun_ms: when the wake word began, None where there was none.
    """

    device_id: str
    area_id: str
    word: str
    score: float
    snr_db: float
    fired_ms: float
    onset_ms: float | None = None
    clock_error_ms: float = 0.0
    odds: float | None = None
    refused: Loudspeaker | None = None
    begun_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Denial:
    """Nobody called: it was a loudspeaker."""

    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Who won and why, in one line."""

    winner: Call
    losers: tuple[Call, ...]
    probability: float
    why: str

    def why_in(self, area_id: str) -> str:
        """The same for the area that is served, when that is not the winner's: all rooms were listened to again."""
        if area_id == self.winner.area_id:
            return self.why
        return f"{area_id}: of all rooms the call was clearest here, though {self.winner.area_id} woke ({self.why})"


@dataclass(slots=True)
class _Collection:
    deadline_ms: float
    calls: dict[str, Call] = field(default_factory=dict)


class Arbiter:
    """Collects calls and decides."""

    def __init__(
        self, *, window_ms: float = DEFAULT_WINDOW_MS, window_ms_of_word: dict[str, float] | None = None
    ) -> None:
        self._window_ms = window_ms
        self._window_ms_of_word = WINDOW_MS_OF_WORD if window_ms_of_word is None else window_ms_of_word
        self._open: _Collection | None = None
        self._decided: list[tuple[float, Decision]] = []
        self._turned_away_ms: dict[str, float] = {}

    @property
    def deadline_ms(self) -> float | None:
        """When the running collection is to be decided; None when nobody called."""
        return None if self._open is None else self._open.deadline_ms

    @property
    def callers(self) -> frozenset[str]:
        """The devices whose calls are being collected."""
        return frozenset() if self._open is None else frozenset(self._open.calls)

    def call(
        self, call: Call, *, now_ms: float, others_hearing: int, another: Callable[[Call], bool] = lambda _: False
    ) -> Decision | Denial | None:
        """Take a call.

        Args:
            call: the evidence.
            now_ms: the time of arrival.
            others_hearing: satellites that have not called but report speech; with none, waiting is useless.
            another: whether somebody else has called than in the call given.

        Returns:
            The standing decision when this call is a late echo of an utterance already decided, a denial when it
            came from a loudspeaker, else None.
        """
        if call.refused is not None and not self._insists(call, now_ms):
            again = "" if call.refused is Loudspeaker.OURS else "; a person who calls again at once is believed"
            return Denial(f"{call.area_id}: {call.refused.value} said the wake word{again}")
        standing = self._standing(call, now_ms, another)
        if standing is not None:
            return standing
        if self._open is None:
            window_ms = self._window_ms_of_word.get(call.word, self._window_ms)
            self._open = _Collection(now_ms + window_ms)
        self._open.calls[call.device_id] = call
        if others_hearing == 0:
            self._open.deadline_ms = now_ms
        return None

    def _insists(self, call: Call, now_ms: float) -> bool:
        """A television does not say it twice; a person who was taken for one does."""
        if call.refused is not Loudspeaker.TELEVISION:
            return False
        before_ms = self._turned_away_ms.get(call.device_id)
        self._turned_away_ms[call.device_id] = now_ms
        return before_ms is not None and now_ms - before_ms < _INSISTS_MS

    def withdraw(self, device_id: str) -> None:
        """A satellite left or was muted while its call was open."""
        self._turned_away_ms.pop(device_id, None)
        if self._open is not None:
            self._open.calls.pop(device_id, None)
            if not self._open.calls:
                self._open = None

    def due(self, now_ms: float) -> Decision | None:
        """Decide if the window is over."""
        if self._open is None or now_ms < self._open.deadline_ms:
            return None
        decision = decide(tuple(self._open.calls.values()))
        self._open = None
        self._decided.append((now_ms, decision))
        return decision

    def _standing(self, call: Call, now_ms: float, another: Callable[[Call], bool]) -> Decision | None:
        """The recent decision on the utterance that this call echoes, whatever else is being collected by now."""
        self._decided = [(at_ms, decision) for at_ms, decision in self._decided if now_ms - at_ms < LATE_MS]
        for _, decision in reversed(self._decided):
            winner = decision.winner
            same = call.word == winner.word and call.fired_ms - winner.fired_ms < SAME_WORD_MS
            if same and not another(winner):
                return None if call.device_id == winner.device_id else decision
        return None


def decide(calls: tuple[Call, ...]) -> Decision:
    """Choose among at least one call."""
    onsets = [call.onset_ms for call in calls if call.onset_ms is not None]
    latest_ms = max(onsets, default=None)
    all_cues = all(call.odds is not None for call in calls)
    scored = sorted(
        ((_log_odds(call, latest_ms, all_cues=all_cues), call) for call in calls),
        key=lambda pair: (-pair[0], pair[1].device_id),
    )
    best, winner = scored[0]
    total = sum(math.exp(odds - best) for odds, _ in scored)
    losers = tuple(call for _, call in scored[1:])
    return Decision(winner, losers, 1.0 / total, _explain(winner, losers))


def _log_odds(call: Call, latest_ms: float | None, *, all_cues: bool) -> float:
    odds = call.odds if all_cues and call.odds is not None else call.snr_db / _SNR_DB_PER_NAT
    if latest_ms is not None and call.onset_ms is not None:
        lead_ms = latest_ms - call.onset_ms
        odds += min(lead_ms / (_ONSET_MS_PER_NAT + 2.0 * call.clock_error_ms), _ONSET_LIMIT_NAT)
    # The saturated score and the detector's stride are worth a tie-break and no more.
    return odds + 0.05 * call.score - 1e-6 * call.fired_ms


def _explain(winner: Call, losers: tuple[Call, ...]) -> str:
    why = f"{winner.area_id}: {winner.snr_db:+.0f} dB over its noise floor"
    if not losers:
        return f"{why}, no other room came into question"
    second = losers[0]
    why += f", {second.area_id} {second.snr_db:+.0f} dB"
    if winner.onset_ms is not None and second.onset_ms is not None:
        lead_ms = second.onset_ms - winner.onset_ms
        why += f", {abs(lead_ms):.0f} ms {'earlier' if lead_ms >= 0 else 'later'}"
    if len(losers) > 1:
        why += f" ({len(losers) + 1} rooms woke)"
    return why
