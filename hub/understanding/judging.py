"""What a clause of the assistant comes to, held against what the user asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from hub.understanding.asked import is_within, parts_asked, way_of
from hub.understanding.context import Context
from hub.understanding.decisions import Moment
from hub.understanding.echo import echoes
from hub.understanding.endings import goes_on, has_object, is_head, may_be_head
from hub.understanding.evidence import Evidence, read_evidence
from hub.understanding.focus import NOTHING, Focus, Mention
from hub.understanding.house import Action
from hub.understanding.imperatives import ellipses, imperatives
from hub.understanding.normalise import name_key, normalise
from hub.understanding.parser import Parser
from hub.understanding.shortened import in_full
from hub.understanding.stance import Kind, Stance
from hub.understanding.support import Verdict, Weighed, weigh
from hub.understanding.tagger import canonical
from hub.understanding.understood import Understanding

_CANDIDATES = 6
_MENTIONS = 5
_MEMO = 128
_TELLS = re.compile(
    r"(?:(?:oh|well|ugh|so|god|wow|brr+|hmm|,) )*(?:(?:i|we|it|there|that|this) (?:am|are|is|have|was|feels?|looks?)\b"
    r"|(?:my|the|our) [a-z ]+? (?:is|are|feels?|looks?)\b)"
)
_CORRECTED = ", i mean "
# A plain "is" tells how things are; something that moves, or was moved, was done by somebody.
_IS_SO = re.compile(
    r"\b(?:is|are) (?:now |all |both |still )?(?!being\b|going\b|coming\b|getting\b|(?!playing|running|working|charging"
    r"|recording|resting|idling|blowing|ticking|burning|humming)\w+ing\b)"
)


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for in one turn, as far as it was heard.

    Attributes:
        words: the transcript so far; empty when no words have come yet.
        understood: what the parser makes of them (with focus; of an accepted offer, the offer's actions).
        area_id: where they were said.
        turn: grows with every turn of the user.
        final: the recogniser is done with this turn.
        focus: what was spoken of before these words, newest first.
    """

    words: str
    understood: Understanding | None
    area_id: str | None
    turn: int
    final: bool = False
    focus: Focus = NOTHING

    @property
    def actions(self) -> tuple[Action, ...]:
        """All that was asked for and understood, dangerous or not."""
        u = self.understood
        return (*u.actions, *u.pending) if u is not None and u.kind in ("actions", "confirm") else ()

    @property
    def only_hints(self) -> bool:
        """Whether the words only tell of a need ("we've run out of milk"): one who answers that often asks back."""
        return bool(_TELLS.match(normalise(self.words)[0]))

    @property
    def dangerous(self) -> tuple[Action, ...]:
        """Of `actions` those that need a spoken yes."""
        return self.understood.pending if self.understood is not None and self.actions else ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a clause comes to.

    Attributes:
        agreed: actions of the user's own request that the clause takes up.
        read: the clause as a command by itself.
        dangerous: of both, those that need a spoken yes.
    """

    agreed: tuple[Action, ...] = ()
    read: tuple[Action, ...] = ()
    dangerous: tuple[Action, ...] = ()


NOTHING_FOUND = Found()


class Judge:
    """Reads clauses as commands and weighs them. Keeps what it read of one request."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._memo: dict[object, Understanding] = {}
        self._request: Request | None = None
        self._focus = NOTHING
        self._context: Context | None = None

    def about(self, request: Request | None) -> None:
        """Set the request that clauses are held against from now on."""
        self._request = request
        self._focus = _focus_of(request)
        self._memo.clear()
        self._context = None

    def find(self, stance: Stance, area_id: str | None, moment: Moment, *, begun: bool = False) -> Found:
        """What a whole clause comes to: what it takes up of the request, and what it says by itself.

        Args:
            stance: of the clause.
            area_id: where the conversation is.
            moment: now.
            begun: part of it was done already, so only what it says outright is added.
        """
        asked = self._request.actions if self._request is not None else ()
        stance = self._in_full(stance, moment)
        agreed: tuple[Action, ...] = ()
        best = NOTHING_FOUND
        most = _CANDIDATES if _CORRECTED not in stance.words else 2  # a correction is tried in many ways by itself
        for text in islice(imperatives(stance), most):
            understood = self._understand(text, area_id, moment)
            read = _actions(understood)
            if read and not best.read and self._says(read, text, area_id, moment):
                best = Found((), read, understood.pending)
            if asked and not agreed:
                agreed = self._taken_up(asked, read, text, area_id, moment, begun=begun)
            if best.read:
                break
        if asked and not (agreed or best.read):
            readings = (_actions(self._understand(text, area_id, moment)) for text in ellipses(stance))
            agreed = next((read for read in readings if read and all(is_within(a, asked) for a in read)), ())
        if agreed:
            dangerous = self._request.dangerous if self._request else ()
            return Found(agreed, best.read, tuple(a for a in agreed if is_within(a, dangerous)))
        return best

    def agrees_early(
        self, stance: Stance, area_id: str | None, moment: Moment, *, following: str = ""
    ) -> tuple[Action, ...]:
        """What an unfinished clause already takes up beyond doubt, as far as it goes.

        Its command is part of the user's clear request; or the request was not understood as a whole, and its words
        mean just this device and no other value.

        Args:
            stance: of the clause so far.
            area_id: where the conversation is.
            moment: now.
            following: how the next word begins, where that is known.
        """
        request = self._request
        if request is None or request.dangerous or request.only_hints:
            return ()
        context = self._surroundings(area_id, moment)
        stance = self._in_full(stance, moment)
        text = next(imperatives(stance), "")
        last = text.rpartition(" ")[2]
        if not has_object(text) or not may_be_head(last, context):
            return ()
        understood = self._understand(text, area_id, moment)
        read = _actions(understood)
        if not read or not is_head(last, read, context) or goes_on(text, read, following, context):
            return ()
        if request.actions:
            return parts_asked(read, request.actions) if all(is_within(a, request.actions) for a in read) else ()
        weighed = [self.weigh_request(a, moment) for a in read] if request.final and not understood.pending else []
        return read if weighed and all(w.verdict is Verdict.SUPPORTED and w.whole for w in weighed) else ()

    def may_end(self, stance: Stance, area_id: str | None, moment: Moment) -> bool:
        """Whether a command may well end where the clause stands now."""
        text = next(imperatives(stance), "")
        last = text.rpartition(" ")[2]
        if not has_object(text) or not may_be_head(last, self._surroundings(area_id, moment)):
            return False
        read = _actions(self._understand(text, area_id, moment))
        return is_head(last, read, self._surroundings(area_id, moment))

    def masked(self, text: str, area_id: str | None, moment: Moment) -> tuple[str, tuple[str, ...]]:
        """The words with every name of a device of several words replaced: "never land lamp" is no negation.

        Returns:
            the text with `device0`, `device1` ... and the names that these stand for.
        """
        index = self._surroundings(area_id, moment).index
        words = text.split()
        names: list[str] = []
        position = 0
        while position < len(words):
            for length in range(min(index.longest, len(words) - position), 1, -1):
                span = " ".join(words[position : position + length])
                if canonical(name_key(span)) in index.names:
                    words[position : position + length] = [f"device{len(names)}"]
                    names.append(span)
                    break
            position += 1
        return " ".join(words), tuple(names)

    def weigh_request(self, action: Action, moment: Moment) -> Weighed:
        """Whether the user's words support an action."""
        request = self._request
        if request is None or not request.words.strip():
            return Weighed(Verdict.UNSUPPORTED, "nothing was asked for")
        context = self._parser.context(moment.house, request.area_id, moment.now, request.focus)
        return weigh(action, self.evidence, context)

    @property
    def evidence(self) -> Evidence:
        """The user's words, read."""
        return read_evidence(self._request.words if self._request else "")

    def repeats(self, words: str, moment: Moment) -> bool:
        """Whether the words say the request again, more than a name of it, and nothing else."""
        request = self._request
        if request is None or not request.actions:
            return False
        devices = [
            moment.house.entities[i] for a in request.actions for i in a.entity_ids if i in moment.house.entities
        ]
        names = [name for device in devices for name in (device.name, *device.aliases)]
        asked = " ".join([normalise(request.words)[0], *map(way_of, request.actions)])
        said = partial(echoes, words, names=names, kinds=frozenset(action.domain for action in request.actions))
        return said(asked) and not said("")

    def _in_full(self, stance: Stance, moment: Moment) -> Stance:
        """The stance with the names in full that it cuts short."""
        ids = dict.fromkeys(i for mention in self._focus.mentions[:2] for i in mention.entity_ids)
        words = in_full(stance.words, [moment.house.entities[i] for i in ids if i in moment.house.entities])
        return stance if words == stance.words else replace(stance, words=words)

    def _taken_up(
        self, asked: Iterable[Action], read: tuple[Action, ...], text: str, area_id: str | None, moment: Moment, *,
        begun: bool,
    ) -> tuple[Action, ...]:  # fmt: skip
        inside = parts_asked((a for a in read if is_within(a, asked)), asked)
        if begun or (inside and len(inside) == len(read)):
            return inside
        context = self._surroundings(area_id, moment)
        spoken = read_evidence(text, exact=True)
        return tuple(a for a in asked if weigh(a, spoken, context, exact=True).verdict is Verdict.SUPPORTED)

    def _says(self, read: tuple[Action, ...], text: str, area_id: str | None, moment: Moment) -> bool:
        """Whether the words themselves hold what the parser made of them: it may have repaired what was no mistake."""
        context = self._surroundings(area_id, moment)
        spoken = read_evidence(text, exact=True)
        return all(weigh(a, spoken, context, exact=True).verdict is not Verdict.UNSUPPORTED for a in read)

    def _understand(self, text: str, area_id: str | None, moment: Moment) -> Understanding:
        house = moment.house
        key = (text, area_id, house.revision, id(house.entities))
        known = self._memo.get(key)
        if known is None:
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            known = self._parser.understand(text, house, area_id, moment.now, self._focus)
            self._memo[key] = known
        return known

    def _surroundings(self, area_id: str | None, moment: Moment) -> Context:
        kept = self._context
        if kept is None or kept.house is not moment.house or kept.area_id != area_id:
            kept = self._context = self._parser.context(moment.house, area_id, moment.now, self._focus)
        return kept


def _focus_of(request: Request | None) -> Focus:
    """What "it" may mean in the assistant's mouth: first what the user has just asked for."""
    if request is None:
        return NOTHING
    ids = tuple(dict.fromkeys(i for a in request.actions for i in a.entity_ids))
    if not ids:
        return request.focus
    said = Mention(request.actions, ids, request.area_id, normalise(request.words)[0], request.turn)
    return Focus((said, *request.focus.mentions)[:_MENTIONS])


def _actions(understood: Understanding) -> tuple[Action, ...]:
    return (*understood.actions, *understood.pending) if understood.kind in ("actions", "confirm") else ()


def is_told(stance: Stance) -> bool:
    """Whether a clause about a state only tells how things are, so that it means nothing without a request."""
    return stance.kind is Kind.STATE and not stance.affirmed and bool(_IS_SO.search(stance.words))
