"""Whether what a voice says by itself has nothing to do with what was asked for: it only talks on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hub.understanding.house import House
from hub.understanding.judging import Request
from hub.understanding.lexicon import STOP, domains_of, singular
from hub.understanding.normalise import normalise
from hub.understanding.stance import Kind, plain
from hub.understanding.verbs import Form, is_verb

# From so many words on a clause shows what it is ...
_SHOWS: Final = 5
# ... and from so many on a "not", an "if" or a "when" may well be about something else.
_ELSEWHERE: Final = 5
# A clause that begins like one that asks, refuses or offers is waited for.
_MAY_OBJECT: Final = frozenset(
    ["do", "did", "does", "would", "should", "shall", "could", "can", "may", "is", "are", "was", "which", "what", "who",
     "where", "when", "how", "why", "no", "not", "never", "sorry", "but", "unfortunately", "actually", "wait", "if",
     "want", "hold", "hang", "until", "unless"]
)  # fmt: skip
_REFUSING: Final = frozenset({"cannot", "unable", "afraid", "sorry", "instead", "able", "allowed", "rather"})
_TURNING: Final = frozenset({"not", "never", "until", "unless", "or", "if", "when", "once"})
# What points at the request, and who may be speaking of doing it.
_POINTING: Final = frozenset({"it", "this", "that", "them", "those", "these", "one", "ones", "which", "so", "sure"})
_SPEAKERS: Final = frozenset({"i", "we", "me", "us", "let"})
_BESIDE: Final = frozenset({Kind.OTHER, Kind.AFFIRMATION, Kind.PROMISE, Kind.REPORT, Kind.STATE, Kind.FIGURE})
_TURNED: Final = frozenset({Kind.NEGATION, Kind.HYPOTHETICAL})


def is_elsewhere(words: Sequence[str], kind: Kind, request: Request | None, house: House) -> bool:
    """Whether a negation or a condition is about something else than the request, so that it objects to nothing.

    Args:
        words: of the clause so far.
        kind: of the clause.
        request: what was asked for.
        house: knows the names of its devices.
    """
    said = [word for word in plain(words) if word != ","]
    if kind not in _TURNED or request is None or len(said) < _ELSEWHERE or said[0] in _MAY_OBJECT - {"if", "when"}:
        return False
    told = set(said)
    return told.isdisjoint(_POINTING | _SPEAKERS | _REFUSING) and not speaks_of_request(said, request, house)


def talks_on(words: Sequence[str], kind: Kind, request: Request, house: House) -> bool:
    """Whether a clause that is still being spoken neither objects to the request nor speaks of it.

    Args:
        words: of the clause so far.
        kind: of the clause so far.
        request: what was asked for.
        house: knows the names of its devices.
    """
    said = [word for word in plain(words) if word != ","]
    if len(said) < _SHOWS or is_elsewhere(words, kind, request, house):
        return len(said) >= _SHOWS
    if said[0] in _MAY_OBJECT | _POINTING or not (_REFUSING | _TURNING).isdisjoint(said):
        return False
    return kind in _BESIDE and not speaks_of_request(said, request, house)


def speaks_of_request(said: Sequence[str], request: Request, house: House) -> bool:
    """Whether any of these words is one of the request's, or names one of its devices, their kind or their place."""
    known = {singular(word) for word in _asked(request, house)}
    kinds = {action.domain for action in request.actions}
    return any(singular(word) in known or not kinds.isdisjoint(domains_of(word)) for word in said)


def _asked(request: Request, house: House) -> Iterator[str]:
    devices = [house.entities[i] for a in request.actions for i in a.entity_ids if i in house.entities]
    areas = {device.area_id for device in devices}
    texts = [request.words, *(name for device in devices for name in (device.name, *device.aliases))]
    texts += [area.name for area in house.areas if area.id in areas]
    for text in texts:
        words = normalise(text)[0].split()
        yield from (w for w in words if len(w) > 2 and w.isalnum() and w not in STOP and not is_verb(w, Form.BASE))
