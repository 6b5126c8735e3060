"""Words that only go along with what the assistant says: "yes, I see", "oh, that's interesting". Pure."""

from __future__ import annotations

from typing import Final

from hub.dialog.backchannel import BACKCHANNELS, may_be_hum, words_of

_PRAISE: Final = (
    *("right", "true", "good", "great", "nice", "cool", "fine", "interesting", "amazing", "funny", "lovely"),
    *("wonderful", "exciting", "impressive", "clear"),
)
_BEFORE_PRAISE: Final = (
    "that's",
    "that is",
    "it's",
    "it is",
    "how",
    "very",
    "that's very",
    "that is very",
    "that's so",
)
_AGREEMENTS: Final = frozenset(
    tuple(phrase.split())
    for phrase in (
        *BACKCHANNELS,
        *_PRAISE,
        *(f"{begin} {word}" for begin in _BEFORE_PRAISE for word in _PRAISE),
        *("yes", "exactly", "indeed", "absolutely", "definitely", "understood", "perfect", "really", "alright"),
        *("all right", "i see", "i know", "i understand", "i get it", "got it", "of course", "fair enough"),
        *("makes sense", "that makes sense", "no way", "no kidding", "you're right", "you are right", "good to know"),
    )
)
_LONGEST: Final = max(len(phrase) for phrase in _AGREEMENTS)
_BEGINNINGS: Final = frozenset(phrase[:size] for phrase in _AGREEMENTS for size in range(1, len(phrase)))


def _beyond(words: tuple[str, ...]) -> tuple[str, ...]:
    """What is left behind the agreement that these words begin with."""
    while size := next((n for n in range(min(_LONGEST, len(words)), 0, -1) if words[:n] in _AGREEMENTS), 0):
        words = words[size:]
    return words


def is_agreement(text: str) -> bool:
    """Whether these words do nothing but go along with what is being said."""
    return not _beyond(words_of(text))


class Agreement:
    """The first words of one turn, reading by reading.

    Of what is still being said the last word is a guess: "okay, I see" is first read as "okay, I say", and "yeah,
    mm-hm" as "yeah and I'm". Who begins by agreeing is believed to want more when two readings after each other say
    so, and there is more in them than a hum.
    """

    def __init__(self) -> None:
        self._doubted: tuple[str, ...] = ()

    def may_be(self, text: str) -> bool:
        """Whether the turn may yet be no more than agreement, by this newest reading of its words so far."""
        words = words_of(text)
        rest = _beyond(words)
        if not rest:
            self._doubted = ()  # what was doubted has been read anew
            return True
        if rest in _BEGINNINGS or (len(rest) < len(words) and all(map(may_be_hum, rest))):
            return True
        doubted, self._doubted = self._doubted, words
        again = bool(doubted) and words[: len(doubted) - 1] == doubted[:-1]
        return len(rest) < len(words) and not again
