"""Where one clause of an utterance may end and the next begin: at a conjunction, a verb, an end, a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from hub.understanding.context import Context
from hub.understanding.frames import GRAMMAR_WORDS, Heard
from hub.understanding.lexicon import COLORS, KELVINS, LEVELS, STOP, domains_of
from hub.understanding.tagger import canonical

_BREAK = re.compile(
    r" (?:, )?(?:and then|and also|and while you are at it|then|and|,|\.|plus|but|also|after that"
    r"|while you are at it|or)"
    r"(?: (?:also|then|please|just|,))* "
)
# Where a new clause may begin without a word between: at a verb, and after what ends one.
_VERBS = frozenset(
    ["turn", "switch", "set", "dim", "brighten", "close", "open", "lock", "unlock", "start", "stop", "play", "pause",
     "mute", "lower", "raise", "make", "put", "shut", "resume", "activate", "arm", "kill", "crank", "dock", "vacuum",
     "run", "add", "remind", "cancel", "leave"]
)  # fmt: skip
_MORE_VERBS = _VERBS | {"get", "flick", "bring", "send", "pop", "stick", "give", "cut"}
_ENDS = re.compile(
    r"on|off|up|down|open|closed|shut|locked|muted|\d[\d.]*(?:%|°f?|k)?|halfway|half|"
    + "|".join(word for word in (*COLORS, *KELVINS, *LEVELS) if " " not in word)
)
MOST_PIECES: Final = 8
Piece = tuple[str, str]
"""What stands before it, and the words of it."""
_ROUTINES = frozenset({"scene", "routine"})
_ARTICLES = frozenset({"the", "my", "our", "all", "every", "both"})
_NO_END = frozenset({"to", "the", "and", "a"})
_SWITCHES = frozenset({"on", "off", "toggle", "open", "close", "lock", "unlock", "stop_cover", "pause"})
_LEFT_SO = re.compile(r"\b(?:that|which|what|whatever|is|are|was|were|left|still|has|have|had|being)\b")
_BESIDE_IT = ("at ", "by ", "with ", "from ", "into ", "towards ", "near ", "behind ", "for ")


def pieces_of(text: str) -> list[Piece]:
    """The text at its conjunctions: each piece with what stands before it."""
    pieces: list[Piece] = []
    joint, start = "", 0
    for found in islice(_BREAK.finditer(text), MOST_PIECES):
        pieces.append((joint, text[start : found.start()].strip(" ,")))
        # "Lock everything but the shed" is one request.
        joint, start = " but " if found[0].strip(" ,") == "but" else " and ", found.end()
    return [*pieces, (joint, text[start:].strip(" ,"))]


def pieces_at_verbs(text: str) -> list[Piece]:
    """Cut where a verb begins a clause as well."""
    return list(_cut(text, _at_a_verb))


def pieces_at_ends(text: str) -> list[Piece]:
    """Cut behind what ends a clause as well: "curtains closed | lamp at 20%"."""
    return list(_cut(text, _at_an_end))


def pieces_at_names(text: str, context: Context) -> list[Piece]:
    """Cut where another thing is named in full, too: "close the shutters | desk lamp on"."""

    def begins(words: list[str], n: int) -> bool:
        wish = words[n] == "i" and words[n + 1 : n + 2] in (["want"], ["need"], ["would"])
        verb = words[n] in _MORE_VERBS and words[n - 1] not in _NO_END
        return wish or verb or _at_an_end(words, n) or (n > 1 and _at_a_name(words, n, context))

    return list(_cut(text, begins))


def _at_a_verb(words: list[str], n: int) -> bool:
    return words[n] in _VERBS and words[n - 1] not in _NO_END


def _at_an_end(words: list[str], n: int) -> bool:
    return words[n] in _VERBS or bool(_ENDS.fullmatch(words[n - 1]) and words[n] not in ("the", "in", "on"))


def _at_a_name(words: list[str], n: int, context: Context) -> bool:
    """Whether a name begins here, behind a word of a device, and no name goes over the place."""
    index = context.index
    before = words[n - 1]
    said_of_it = before in STOP or (before in GRAMMAR_WORDS and not domains_of(before))
    if before not in _ROUTINES and (said_of_it or not _is_thing(before, context)):
        return False
    if words[n] in _ARTICLES:
        return True
    longest = index.longest
    spans = [
        (start, end) for start in range(max(0, n - longest + 1), n + 1)
        for end in range(n + 1, min(len(words), start + longest) + 1)
        if canonical(" ".join(words[start:end])) in index.names
    ]  # fmt: skip
    placed = any(
        index.place_in(" ".join(words[n:end])) is not None and domains_of(words[end])
        for end in range(n + 1, min(len(words), n + longest + 1))
    )
    return all(start == n for start, _ in spans) and (placed or bool(spans))


def _is_thing(word: str, context: Context) -> bool:
    return canonical(word) in context.index.by_word or bool(domains_of(word))


def _cut(text: str, begins: Callable[[list[str], int], bool]) -> Iterator[Piece]:
    for joint, piece in pieces_of(text):
        words = piece.split()
        starts = [n for n in range(1, len(words)) if begins(words, n)]
        for start, end in zip([0, *starts], [*starts, len(words)], strict=True):
            yield (" " if start else joint), " ".join(words[start:end])


def is_cut_elsewhere(heard: Heard, context: Context) -> bool:
    """Whether a particle at an edge of the target belongs to another reading of the same words."""
    if heard.frame in ("set", "step"):
        return (
            heard.target in ("up", "down", "by")
            or heard.target.startswith(("on ", "off ", "of "))
            or heard.target.endswith(" by")
            or (heard.frame == "set" and not heard.verbal and heard.target.startswith("up "))  # "up the lamp 10%"
        )
    # "Stop at the lights" is where, not what.
    return heard.frame in _SWITCHES and (heard.target.startswith(_BESIDE_IT) or _goes_over_an_end(heard, context))


def _goes_over_an_end(heard: Heard, context: Context) -> bool:
    """Whether the target ends in another state: "stop | the fan and kettle on" are two requests."""
    rest, _, state = heard.target.rpartition(" ")
    other = state in ("on", "off") and state != heard.frame and _is_thing(rest.rpartition(" ")[2], context)
    if not other or _LEFT_SO.search(rest):
        return False
    words = heard.target.split()
    named = (canonical(" ".join(words[start:])) in context.index.names for start in range(len(words) - 1))
    return not any(named)  # "the water shut off" is a valve's name
