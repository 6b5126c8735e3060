"""One turn of the user, read in the light of what was said before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from hub.understanding.changing import changes
from hub.understanding.context import Context
from hub.understanding.corrections import corrected, undo_of
from hub.understanding.courtesy import without_courtesy
from hub.understanding.decisions import Moment, Said
from hub.understanding.focus import Focus, Mention
from hub.understanding.fragments import completions, goes_on, is_like_another, without_echo
from hub.understanding.house import Action, House
from hub.understanding.normalise import MAX_CHARACTERS, normalise
from hub.understanding.offers import Offer, Question, answers_to, taken_up
from hub.understanding.parser import Parser
from hub.understanding.phrasing import deed_in_words
from hub.understanding.reasons import reason_cut
from hub.understanding.stopping import stops_nothing
from hub.understanding.target import Miss
from hub.understanding.targets import resolve
from hub.understanding.understood import Understanding

Kind = Literal["plain", "continued", "answer", "offer", "declined", "correction", "rejected", "undo", "spare"]

_ACTS = ("actions", "confirm")
# Told outright by a whole sentence: what was said before does not make it another one.
_SETTLED = frozenset({"no_such_device", "no_such_area", "not_exposed", "cannot_do", "bad_value", "too_long", "empty"})


# What a continuation may come to that is worth a true sentence.
_IMPOSSIBLE = frozenset({"cannot_do", "bad_value"})


# A question is no answer and continues nothing, but for "what about the hall?".
_ASKS = re.compile(
    r"(?:(?:wait|hang on|hold on|oh|hey|hmm|so|and|but|ok|now|actually|sorry|,) )*(?:is|are|was|were|did|does"
    r"|do(?! (?:the|that|it|this|so|both|them|my)\b)|has|have|when|where|who|why|which|what(?! about)|how(?! about))\b"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a turn comes to.

    Attributes:
        kind: how it was read; `rejected`: the user only says that something was wrong; `undo`: what is in `undo`;
            `spare`: the last deed should have left that alone.
        understanding: of the whole request it stands for.
        text: that request in plain words.
        undo: the devices that are to be as before, in words; empty for the last deed.
        reverses: the last deed was not what was meant.
        sure: the user's own words ask for it; else they only name something.
    """

    kind: Kind
    understanding: Understanding
    text: str
    undo: str = ""
    reverses: bool = False
    sure: bool = True

    @property
    def actions(self) -> tuple[Action, ...]:
        """All that was asked for, dangerous or not."""
        return (*self.understanding.actions, *self.understanding.pending)


@dataclass(frozen=True, slots=True)
class Before:
    """What a turn may refer to. `just_acted`: so lately that "cancel that" means the deed."""

    focus: Focus
    offer: Offer | None = None
    question: Question | None = None
    just_acted: bool = False


_NOTHING_TO_STOP = Understanding("unknown", (), "What shall I stop?", "ambiguous", "nothing was begun that goes on")
_UNHEARD = frozenset({"not_understood", "no_such_device", "no_such_area"})


class Reader:
    """Reads turns. Pure."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser

    def read(self, said: Said, before: Before, moment: Moment, *, final: bool = True) -> Reading:
        """Understand a whole turn: an answer, an undo, a correction, a request, or a continuation of the last one.

        What means nothing at all is put right by its sound once it is `final`.
        """
        focus = before.focus
        if before.offer is not None:
            focus = Focus((before.offer.mention, *focus.mentions)[:5])
        context = self._parser.context(moment.house, said.area_id, moment.now, focus)

        def understand(text: str) -> Understanding:
            return self._parser.understand(text, moment.house, said.area_id, moment.now, focus)

        whole = said.text[: MAX_CHARACTERS + 1]
        plain = normalise(whole)[0]
        readers: list[Callable[[], Reading | None]] = [
            lambda: _to_offer(plain, before.offer, context, understand),
            lambda: _undo(plain, before),
            lambda: _correction(plain, focus, context, understand),
        ]
        if len(whole) <= MAX_CHARACTERS:
            for read in readers:
                found = read()
                if found is not None:
                    return found
        reading = self._request(whole, plain, before, context, understand)
        if not final or reading.understanding.reason not in _UNHEARD:
            return reading
        guess = self._parser.guess(whole, moment.house, said.area_id, moment.now, focus)
        return reading if guess is None else Reading("plain", guess, reading.text)

    def devices(self, phrase: str, said: Said, focus: Focus, moment: Moment) -> frozenset[str] | None:
        """The devices that a phrase means, None when it means none."""
        context = self._parser.context(moment.house, said.area_id, moment.now, focus)
        domains = frozenset(context.index.by_domain)
        found = resolve(phrase, domains, context)
        return None if isinstance(found, Miss) else frozenset(e.entity_id for e in found.entities)

    def _request(  # noqa: C901, PLR0911, PLR0912 - one line a case
        self, whole: str, plain: str, before: Before, context: Context, understand: Callable[[str], Understanding]
    ) -> Reading:
        polite = without_courtesy(plain)
        newest = _lively(context.focus.mentions)
        if newest is not None and newest.area_id == context.area_id:
            for text in changes(polite, newest):
                changed = understand(text)
                if changed.kind in _ACTS:
                    return Reading("continued", changed, text, reverses=_replaces(changed))
            if newest.actions and stops_nothing(polite, newest):
                return Reading("plain", _NOTHING_TO_STOP, polite)
        direct = understand(whole)
        if direct.kind != "unknown" and direct.reason != "small_talk":
            return Reading("plain", direct, polite)
        bare = without_echo(polite)
        if bare != polite and (again := understand(bare)).kind in _ACTS:
            return Reading("plain", again, bare)
        if _ASKS.match(polite):
            return Reading("plain", direct, polite)
        if before.question is not None and direct.reason != "too_long":
            for text in answers_to(before.question, polite, context):
                answer = understand(text)
                if answer.kind in _ACTS:
                    return Reading("answer", answer, text)
        if newest is None:
            return Reading("plain", direct, polite)
        settled = direct.reason in _SETTLED and not is_like_another(polite)
        texts = (reason_cut(polite),) if settled else (polite, reason_cut(polite))
        found = chain(*(_continued(text, newest, context, understand) for text in texts if text))
        for text, understood, sure in found:
            if understood.kind == "unknown":
                return Reading("continued", understood, text)
            reverses = _replaces(understood)
            return Reading("continued", understood, text, reverses=reverses, sure=sure or goes_on(plain))
        return Reading("plain", direct, polite)


def _lively(mentions: tuple[Mention, ...]) -> Mention | None:
    """What is spoken of: behind a question about timers the timer that was set."""
    newest = mentions[0] if mentions else None
    if newest is not None and not newest.actions and newest.entity_ids == ("timer",):
        return next((m for m in mentions if any(a.domain == "timer" for a in m.actions)), newest)
    return newest


def _continued(
    text: str, mention: Mention, context: Context, understand: Callable[[str], Understanding], *, same: bool = True
) -> Iterator[tuple[str, Understanding, bool]]:
    """The continuations of a mention that mean something in this house; last the one that it cannot do.

    With `same` they do the same or touch the same kind of device; else only their words must be the same.
    """
    seen: set[str] = set()
    impossible: tuple[str, Understanding, bool] | None = None
    for completed in completions(text, mention, context):
        if completed.text in seen:
            continue
        seen.add(completed.text)
        understood = understand(completed.text)
        alike = understood.kind in _ACTS and (not same or not mention.actions or _alike(understood, mention.actions))
        if alike or (not mention.actions and understood.kind == "answer"):
            yield completed.text, understood, completed.sure
        elif impossible is None and completed.sure and understood.reason in _IMPOSSIBLE:
            impossible = completed.text, understood, True
    if impossible is not None:
        yield impossible


def _replaces(understood: Understanding) -> bool:
    """Whether a continuation stands in the place of what it continues: another time for the same timer."""
    return all((action.domain, action.service) == ("timer", "start") for action in understood.actions)


def _alike(understood: Understanding, before: tuple[Action, ...]) -> bool:
    """Whether a continuation does the same, or something to the same kind of device."""
    domains, services = {a.domain for a in before}, {a.service for a in before}
    return all(a.domain in domains or a.service in services for a in (*understood.actions, *understood.pending))


def _to_offer(  # noqa: PLR0911 - one line a case
    plain: str, offer: Offer | None, context: Context, understand: Callable[[str], Understanding]
) -> Reading | None:
    if offer is None:
        return None
    how, rest = taken_up(plain)
    if how == "accepted" and not rest:
        return Reading("offer", _as_understood(offer.mention), offer.mention.text)
    if how == "declined":
        return Reading("declined", Understanding("answer", (), "All right.", "declined"), plain)
    if how not in ("changed", "accepted") or not rest:
        return None
    more = offer.mention.actions if how == "accepted" else ()
    whole = understand(rest)
    if whole.kind in _ACTS:
        return Reading("offer", with_more(whole, more), without_courtesy(rest))
    for text, understood, _sure in _continued(rest, offer.mention, context, understand):
        if understood.kind != "unknown":
            return Reading("offer", with_more(understood, more), text)
    return None


def _as_understood(mention: Mention) -> Understanding:
    return Understanding("actions", mention.actions, "", "ok", f"an offer taken up: {mention.text!r}")


def _undo(plain: str, before: Before) -> Reading | None:
    what = undo_of(plain)
    if what is None or (not before.just_acted and plain.startswith("cancel")):
        return None
    return Reading("undo", Understanding("unknown", (), "", "undo", "asks for the state before"), plain, undo=what)


def _correction(
    plain: str, focus: Focus, context: Context, understand: Callable[[str], Understanding]
) -> Reading | None:
    newest = focus.mentions[0] if focus.mentions else None
    taken_back = corrected(plain) if newest is not None else None
    if newest is None or taken_back is None:
        return None
    right, wrong = taken_back
    if wrong and not right:
        spared = Understanding("unknown", (), "", "undo", "asks to leave a part alone")
        return Reading("spare", spared, plain, undo=wrong)
    if not right:
        return Reading("rejected", Understanding("unknown", (), "", "rejected", "only says that it was wrong"), plain)
    meant = without_courtesy(right)
    same = (mention for mention in focus.mentions[:2] if mention.entity_ids == newest.entity_ids)
    for mention in same:  # the user's own words, and the assistant's for the same deed
        texts = filter(None, (meant, reason_cut(meant)))
        found = chain(*(_continued(text, mention, context, understand, same=False) for text in texts))
        for text, understood, _sure in found:
            if understood.kind != "unknown":
                return Reading("correction", understood, text, reverses=True)
    whole = understand(meant)
    if whole.kind in _ACTS:
        return Reading("correction", whole, meant, reverses=True)
    return None


def request_for(actions: Iterable[Action], house: House) -> str:
    """The plainest words that ask for these actions."""
    return " and ".join(dict.fromkeys(deed_in_words(action, house) for action in actions))


def with_actions(understanding: Understanding, actions: tuple[Action, ...]) -> Understanding:
    """The same understanding with other actions."""
    return replace(understanding, kind="actions", actions=actions)


def with_more(understanding: Understanding, actions: tuple[Action, ...]) -> Understanding:
    """The same understanding with actions before its own."""
    return replace(understanding, actions=(*actions, *understanding.actions)) if actions else understanding
