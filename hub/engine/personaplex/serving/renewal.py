"""When a session starts again from its prompt, and what it is told then. Pure.

The model's window is 240 s, its prompt included; beyond it the persona is forgotten. So the session starts again
before that: from `soft` on in the first pause of both sides, at `hard` at once, and never inside a `say`, unless the
window itself ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.engine.personaplex.port import EPAD, PAD

FULL_WINDOW_FRAMES: Final = 3000  # 240 s
PAUSE_FRAMES: Final = 6  # half a second, as between the parts of a prompt
QUIET_DB: Final = -45.0  # RMS, of full scale
DIALOGUE_TOKENS: Final = 150
MAX_TURNS: Final = 24
MAX_TURN_CHARS: Final = 400


@dataclass(frozen=True, slots=True)
class Window:
    """Positions of the model's window, the prompt included.

    Attributes:
        soft: from here on a pause is used.
        prepare: from here on the prompt is read without waiting for a pause.
        hard: from here on no pause is waited for.
        end: from here on not even a `say` is.
    """

    soft: int
    prepare: int
    hard: int
    end: int

    @classmethod
    def of(cls, context_frames: int) -> Window:
        """For a window of this size: 180, 196, 200 and 230 s of 240."""
        return cls(*(context_frames * share // FULL_WINDOW_FRAMES for share in (2250, 2450, 2500, 2875)))


class Need(Enum):
    """What a session needs now."""

    NOTHING = auto()
    PREPARE = auto()
    RENEW = auto()


@dataclass(slots=True)
class Pauses:
    """Counts the frames in which neither side spoke."""

    frames: int = 0

    def see(self, heard: NDArray[np.float32], text_id: int, spoken: NDArray[np.float32]) -> None:
        """One frame: what the user said, and what the model did."""
        quiet = text_id in (EPAD, PAD) and _level_db(heard) < QUIET_DB and _level_db(spoken) < QUIET_DB
        self.frames = self.frames + 1 if quiet else 0

    @property
    def pause(self) -> bool:
        """Both have been silent for half a second."""
        return self.frames >= PAUSE_FRAMES


def need(window: Window, position: int, *, pause: bool, speaking: bool, wanted: bool = False) -> Need:
    """What a session needs.

    Args:
        window: its limits.
        position: positions used, the prompt included.
        pause: both are silent.
        speaking: a `say` is running.
        wanted: another persona waits for the next pause.
    """
    if position >= window.end:
        return Need.RENEW
    if speaking:
        return Need.NOTHING
    if position >= window.hard or (pause and (wanted or position >= window.soft)):
        return Need.RENEW
    return Need.PREPARE if wanted or position >= window.prepare else Need.NOTHING


class Dialogue:
    """What was said lately by both, for the next prompt. It is held in memory alone.

    Attributes:
        version: changes with every word.
    """

    def __init__(self) -> None:
        self._turns: deque[tuple[str, str]] = deque(maxlen=MAX_TURNS)
        self.version = 0

    def user(self, text: str) -> None:
        """The user's words of one turn."""
        self._add("User", " ".join(text.split()), new=True)

    def assistant(self, piece: str) -> None:
        """A piece of what the assistant says; pieces are joined until the user speaks."""
        self._add("You", piece, new=False)

    def _add(self, who: str, text: str, *, new: bool) -> None:
        if not text:
            return
        self.version += 1
        if not new and self._turns and self._turns[-1][0] == who:
            text = self._turns.pop()[1] + text
        self._turns.append((who, text[-MAX_TURN_CHARS:]))

    def prompt(self, persona: str, count_tokens: Callable[[str], int], budget: int = DIALOGUE_TOKENS) -> str:
        """The persona's prompt with as many of the newest turns as fit into `budget` tokens more."""
        limit = count_tokens(persona) + budget
        best = persona
        lines: list[str] = []
        for who, text in reversed(self._turns):
            lines.insert(0, f"{who}: {text.strip()}")
            longer = f"{persona} The conversation so far. {' '.join(lines)}"
            if count_tokens(longer) > limit:
                break
            best = longer
        return best


def _level_db(pcm: NDArray[np.float32]) -> float:
    power = float(np.dot(pcm, pcm)) / max(1, pcm.size)
    return 10.0 * float(np.log10(power + 1e-12))
