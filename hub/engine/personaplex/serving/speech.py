"""Forced speech: which text id a row gets in each frame while it says a given sentence. Pure.

The model's text and its voice go together, so forcing the text forces the voice. What it cannot be given is the pace:
a sentence pushed in id by id is gabbled. So the model keeps the beat. It is left to ask for the next word, by EPAD or
by a word of its own choosing, and what it is given is the next word of the sentence; between words it is given PAD, up
to a limit. The pacing follows the published word-and-padding scheme of text-to-speech models of this family.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from hub.engine.personaplex.port import EPAD, PAD

BEGIN_PADS: Final = 2
MAX_PADS: Final = 8  # between two words; then the next one is forced
END_PADS: Final = 4  # the sound of the last word comes one or two frames after its text
MAX_END_PADS: Final = 12
MAX_WAITING: Final = 16

_NO_WORDS: Final = frozenset(range(4))  # EPAD, BOS, EOS and PAD; EPAD is also the tokenizer's "unknown"


def words_of(ids: Sequence[int], piece: Callable[[int], str]) -> list[tuple[int, ...]]:
    """The ids of a sentence, word by word: a word begins with a piece that begins with a space.

    Args:
        ids: as the tokenizer has them; ids that are no words are left out.
        piece: the words of an id, U+2581 as a space.
    """
    words: list[list[int]] = []
    for text_id in ids:
        if text_id in _NO_WORDS:
            continue
        if not words or piece(text_id).startswith(" "):
            words.append([])
        words[-1].append(text_id)
    return [tuple(word) for word in words]


class _Phase(Enum):
    BEGIN = auto()
    ASKING = auto()
    WORD = auto()
    END = auto()
    DONE = auto()


@dataclass(slots=True)
class Utterance:
    """One sentence on its way.

    Attributes:
        id: the number of its `say`.
        forced: the ids given so far, in order, without padding.
    """

    id: int
    words: deque[tuple[int, ...]]
    forced: list[int] = field(default_factory=list)
    _word: deque[int] = field(default_factory=deque)
    _phase: _Phase = _Phase.BEGIN
    _pads: int = 0
    _forced_last: bool = False

    @property
    def done(self) -> bool:
        """All of it has been given, with the padding behind it."""
        return self._phase is _Phase.DONE

    def take_back(self) -> None:
        """The id chosen last was never spoken."""
        if self._forced_last:
            self.forced.pop()
            self._forced_last = False

    def choose(self, sampled: int) -> int:
        """The next id, given the one that the model wants."""
        self._forced_last = False
        asked = sampled != PAD
        if self._phase is _Phase.BEGIN:
            return self._begin()
        if self._phase is _Phase.ASKING:
            return self._ask(sampled, asked=asked)
        if self._phase is _Phase.WORD:
            return self._next_id()
        return self._end(asked=asked)

    def _begin(self) -> int:
        self._pads += 1
        if self._pads >= BEGIN_PADS:
            self._turn(_Phase.ASKING if self.words else _Phase.END)
        return PAD

    def _ask(self, sampled: int, *, asked: bool) -> int:
        if not asked and self._pads < MAX_PADS:
            self._pads += 1
            return PAD
        self._word.extend(self.words.popleft())
        self._turn(_Phase.WORD)
        # A model that was silent says by EPAD that a word comes; one that goes straight into a word is given ours.
        return EPAD if sampled in (EPAD, PAD) else self._next_id()

    def _next_id(self) -> int:
        text_id = self._word.popleft()
        self.forced.append(text_id)
        self._forced_last = True
        if not self._word:
            self._turn(_Phase.ASKING if self.words else _Phase.END)
        return text_id

    def _end(self, *, asked: bool) -> int:
        self._pads += 1
        if self._pads >= MAX_END_PADS or (asked and self._pads >= END_PADS):
            self._turn(_Phase.DONE)
        return PAD

    def _turn(self, phase: _Phase) -> None:
        self._phase = phase
        self._pads = 0


class SpeechQueue:
    """The sentences of one row, spoken one after another.

    Attributes:
        current: the one being spoken.
    """

    def __init__(self) -> None:
        self.current: Utterance | None = None
        self._waiting: deque[Utterance] = deque()

    def add(self, utterance: Utterance) -> bool:
        """Queue a sentence; False where the queue is full."""
        if len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting.append(utterance)
        return True

    def begin(self) -> Utterance | None:
        """Start the next sentence, if none runs and one waits."""
        if self.current is not None or not self._waiting:
            return None
        self.current = self._waiting.popleft()
        return self.current

    def finish(self) -> Utterance | None:
        """Take the sentence that is done, if it is."""
        done = self.current
        if done is None or not done.done:
            return None
        self.current = None
        return done

    def interrupt(self) -> list[Utterance]:
        """Forget everything; the answer is what was forgotten, in order."""
        forgotten = ([self.current] if self.current is not None else []) + list(self._waiting)
        self.current = None
        self._waiting.clear()
        return forgotten
