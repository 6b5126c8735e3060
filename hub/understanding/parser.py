"""The first tier of understanding: a user's words to actions, to a true answer, or to an honest sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from hub.understanding.answers import dangerous, done, why_not
from hub.understanding.clause import NOT_UNDERSTOOD, Failure, Meaning
from hub.understanding.clauses import told, understand_clauses
from hub.understanding.completeness import is_dangling, may_go_on
from hub.understanding.context import Context
from hub.understanding.focus import NOTHING, Focus
from hub.understanding.frames import GRAMMAR_WORDS, Heard
from hub.understanding.gates import Gate, judge
from hub.understanding.guessing import answered_by_sound, guessed, guessed_by_sound
from hub.understanding.house import Action, ActionResult, Entity, House
from hub.understanding.lexicon import STOP, domains_of
from hub.understanding.normalise import MAX_CHARACTERS, MAX_WORDS, is_request, normalise, without_courtesy
from hub.understanding.policy import Policy
from hub.understanding.preamble import request_beside
from hub.understanding.queries import answer
from hub.understanding.questions import Answer, plainly_asked
from hub.understanding.remarks import without_remark
from hub.understanding.repairs import is_corrected, misheard_questions, self_corrections
from hub.understanding.services import group_calls
from hub.understanding.smalltalk import small_talk
from hub.understanding.soundalikes import sounds_of_house
from hub.understanding.tagger import Indexes, canonical
from hub.understanding.target import PRONOUNS, Miss
from hub.understanding.timers import timer_answer

Kind = Literal["actions", "answer", "confirm", "unknown"]


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a sentence of the user comes to.

    Attributes:
        kind: `actions` to be executed; `answer` to be spoken; `confirm`: dangerous, nothing is executed;
            `unknown`: not understood or impossible.
        actions: never holds a dangerous action.
        reply: the sentence to speak; with actions, what to add to the report of what happened.
        reason: stable code.
        explanation: one line for developers.
        ends_conversation: the user said goodbye.
        pending: dangerous actions that were asked for and not done.
        asked: devices that a state question was answered from.
    """

    kind: Kind
    actions: tuple[Action, ...] = ()
    reply: str = ""
    reason: str = "ok"
    explanation: str = ""
    ends_conversation: bool = False
    pending: tuple[Action, ...] = ()
    asked: tuple[str, ...] = ()


class Parser:
    """Understands one utterance at a time. Pure but for the index of names it keeps per revision of a house."""

    def __init__(self, *, policy: Policy = Policy()) -> None:  # noqa: B008 - frozen, shared on purpose
        self._policy = policy
        self._indexes = Indexes()

    def understand(  # noqa: PLR0911 - first what needs no house, one line each
        self, text: str, house: House, area_id: str | None, now: datetime, focus: Focus = NOTHING
    ) -> Understanding:
        """Understand a transcript spoken in an area. Never raises for any text.

        Args:
            text: what the recogniser wrote.
            house: the house of this moment.
            area_id: where it was said; None when unknown.
            now: aware, in the house's time zone.
            focus: what was spoken of before, for "it" and "the other one".
        """
        if len(text) > MAX_CHARACTERS:
            return _unknown("too_long", "Sorry, that was too long for me.", "more characters than a request has")
        plain, question = normalise(text)
        if not plain:
            return _unknown("empty", "Sorry, I did not hear any words.", "no words")
        if plain.count(" ") >= MAX_WORDS:
            return _unknown("too_long", "Sorry, that was too long for me.", "more words than a request has")
        context = Context(house, self._indexes.of(house), area_id, now, focus, text)
        polite = context.index.respelled(without_courtesy(plain))
        scene = self._scene_by_name(polite, context)
        if scene is not None:
            return scene
        for said in (plain, polite):
            talk = small_talk(said, now)
            if talk is not None:
                return Understanding(
                    "answer", (), talk.sentence, "small_talk", "small talk", ends_conversation=talk.ends
                )
        if _LOCK_OR_UNLOCK.match(plain):
            return _unknown("ambiguous", "Do you want that locked or unlocked?", "lock or unlock was not heard clearly")
        understood = self._request(polite, context, question=question and not is_request(plain))
        if understood.kind == "unknown" and plain.endswith(" please") and focus == NOTHING:
            return self._asked_for(polite, context) or understood
        if understood.kind == "unknown" and polite == "stop":
            return Understanding("answer", (), "All right.", "small_talk", "nothing to stop", ends_conversation=True)
        return understood

    def guess(
        self, text: str, house: House, area_id: str | None, now: datetime, focus: Focus = NOTHING
    ) -> Understanding | None:
        """What a transcript that means nothing comes to in words of this house that sound like it, if one thing does.

        It is for whoever has found no other meaning, in what was said before or after either. Arguments as above.
        """
        plain = normalise(text)[0] if len(text) <= MAX_CHARACTERS else ""
        if not plain or plain.count(" ") >= MAX_WORDS:
            return None
        context = Context(house, self._indexes.of(house), area_id, now, focus, text)
        polite = context.index.respelled(without_courtesy(plain))
        if is_corrected(polite):
            return None
        gate = judge(polite, question_mark=False)
        if gate.kind == "question":
            found = answered_by_sound(polite, context)
            return _answered(found) if found is not None else None
        guess = guessed_by_sound(polite, context, self._policy) if gate.kind == "open" else None
        return self._decide(*guess) if guess is not None else None

    def prepare(self, house: House) -> None:
        """Read the names of a house before anything is said in it, so that its first sentence need not wait."""
        sounds_of_house(self._indexes.of(house).spoken)

    def context(self, house: House, area_id: str | None, now: datetime, focus: Focus = NOTHING) -> Context:
        """A sentence's surroundings, with the index of names that this parser keeps."""
        return Context(house, self._indexes.of(house), area_id, now, focus)

    def is_complete(self, text: str, house: House, area_id: str | None) -> bool:
        """Whether a text is a whole request that is unlikely to go on, so that a shorter silence may end the turn."""
        if is_dangling(text):
            return False
        now = datetime(2000, 1, 1, tzinfo=UTC)
        understood = self.understand(text, house, area_id, now)
        if understood.reason not in _WHOLE:
            return False
        if understood.reason in ("small_talk", "deferred_unsupported"):
            return True
        context = Context(house, self._indexes.of(house), area_id, now)
        return not may_go_on(without_courtesy(normalise(text)[0]), context)

    def _scene_by_name(self, text: str, context: Context) -> Understanding | None:
        """A scene of several words is asked for by its bare name ("Movie night.")."""
        lead = _SCENE_LEAD.match(text)
        said = canonical((text[lead.end() :] if lead else text).replace(" ,", ""))
        scenes = [i for i in context.index.names.get(said, ()) if i.startswith("scene.")] if lead or " " in said else []
        if len(scenes) != 1 or scenes[0] not in context.house.entities or not context.entity(scenes[0]).exposed:
            return None
        action = Action("scene", "turn_on", (scenes[0],), {}, text)
        return Understanding("actions", (action,), "", "ok", f"scene named {text!r}")

    def _request(self, said: str, context: Context, *, question: bool) -> Understanding:
        beside = request_beside(said, context)
        if beside is not None:
            return self._decide(beside, said)
        text = plainly_asked(said)
        while (bare := without_remark(text)) is not None:
            text = bare
        beside = request_beside(text, context) if text != said else None
        if beside is not None:
            return self._decide(beside, text)
        for candidate, before in self_corrections(text, context):
            gate = judge(candidate, question_mark=question)
            plain = judge(_masked(candidate, context), question_mark=question)
            if plain.kind != gate.kind:
                # A name of the house ("Never Land lamp") is no negation, question or time.
                gate = plain
            understood = self._gated(candidate, gate, _spoken_of(before, candidate, context))
            if candidate != text and understood.kind == "unknown":
                continue
            return understood
        return _unknown("not_understood", why_not(NOT_UNDERSTOOD, context), "a correction that fits nothing")

    def _asked_for(self, text: str, context: Context) -> Understanding | None:
        """Read "closet light, please": a device by its name alone is asked to be on."""
        if context.index.place_in(re.sub(r"^(?:the|my|our) ", "", text)) is not None:
            return None
        read = understand_clauses(f"turn on {text}", context)
        plain = isinstance(read, Meaning) and read.cost == 0 and len(read.heard) == 1 and read.heard[0].target == text
        if not isinstance(read, Meaning) or not plain:
            return None
        return self._decide(read, text) if all(c.entity and c.entity.domain in _LIT for c in read.calls) else None

    def _gated(self, text: str, gate: Gate, context: Context) -> Understanding:
        if gate.kind == "question":
            return self._question(text, gate, context)
        if gate.kind == "closed":
            reply = "All right, I have changed nothing." if gate.why == "negation" else why_not(NOT_UNDERSTOOD, context)
            return _unknown("not_understood", reply, f"gate: {gate.why}")
        if gate.kind == "deferred":
            return self._deferred(text, gate, context)
        meaning = understand_clauses(text, context)
        if isinstance(meaning, Failure) and meaning.reason in ("no_such_device", "not_understood"):
            guess = guessed(text, context, self._policy)
            if guess is not None:
                return self._decide(*guess)
        if isinstance(meaning, Failure):
            return self._nothing(meaning, text, context)
        return self._decide(meaning, text)

    def _deferred(self, text: str, gate: Gate, context: Context) -> Understanding:
        timer = understand_clauses(text, context)
        if any(h.frame == "timer" for h in ([timer.heard] if isinstance(timer, Failure) else timer.heard) if h):
            return self._decide(timer, text) if isinstance(timer, Meaning) else self._nothing(timer, text, context)
        if gate.rest and isinstance(understand_clauses(gate.rest, context), Meaning):
            what = (
                "cannot wait for a condition"
                if gate.why == "condition"
                else "need a time of day or a number of minutes"
            )
            return _unknown("deferred_unsupported", f"I {what}, so nothing has changed.", f"gate: {gate.why}")
        return _unknown("not_understood", why_not(NOT_UNDERSTOOD, context), f"gate: {gate.why}")

    def _nothing(self, failure: Failure, text: str, context: Context) -> Understanding:
        stated = answer(text, context) if failure.strength < 3 else None
        if isinstance(stated, Answer) and text.split(maxsplit=1)[0] in ("temperature", "humidity", "weather"):
            return Understanding(
                "answer", (), stated.sentence, stated.reason, "query without a verb", asked=stated.entity_ids
            )
        reason = failure.reason
        if failure.miss is not None and (failure.strength <= 1 or not _could_be_a_device(failure.miss, text)):
            reason, failure = "not_understood", NOT_UNDERSTOOD
        if reason == "ambiguous" and failure.heard and len(_unexplained(text, failure.heard, context)) > 1:
            reason, failure = "not_understood", NOT_UNDERSTOOD
        frame = failure.heard.frame if failure.heard else "none"
        return _unknown(reason, why_not(failure, context), f"frame {frame}, reason {reason}")

    def _question(self, text: str, gate: Gate, context: Context) -> Understanding:
        timers = timer_answer(text, context)
        if timers is not None:
            return Understanding("answer", (), timers.sentence, timers.reason, "timers", asked=timers.entity_ids)
        text = re.sub(r"^(?:do you know|i wonder|any idea) (?=if|whether|what|which|how|where|who)", "", text)
        found = answer(text, context)
        if found is None and gate.why == "question mark":
            found = answer(f"is {text}", context) or answer(f"what is the {text}", context)
        if not isinstance(found, Answer) and (found is None or found.reason == "no_such_device"):
            repaired = (answer(other, context) for other in misheard_questions(text, context))
            found = next((read for read in repaired if isinstance(read, Answer)), found)
        if isinstance(found, Answer):
            return _answered(found)
        asked = text.count(" ") < 8 or (isinstance(found, Miss) and _could_be_a_device(found, text))
        if isinstance(found, Miss) and found.strength >= 2 and asked:
            failure = Failure(found.reason, miss=found)
            return _unknown(found.reason, why_not(failure, context), f"state question, reason {found.reason}")
        return _unknown("not_understood", why_not(NOT_UNDERSTOOD, context), "a question about nothing in this house")

    def _decide(self, meaning: Meaning, text: str) -> Understanding:
        safe: list[Action] = []
        risky: list[Action] = []
        risky_calls: list[tuple[str, Entity]] = []
        for call, entities in group_calls(meaning.calls):
            domain, _, name = call.service.partition(".")
            bad = [e for e in entities if self._policy.is_dangerous(call.service, e, call.data)]
            if bad and call.taken_back:
                return _unknown("cannot_do", _NOT_BY_ITSELF.format(name=bad[0].name), "what takes it back is dangerous")
            good = tuple(e.entity_id for e in entities if e not in bad)
            if good or call.entity is None:
                safe.append(Action(domain, name, good, call.data, text))
            if bad:
                risky.append(Action(domain, name, tuple(e.entity_id for e in bad), call.data, text))
                risky_calls += [(call.service, e) for e in bad]
        reply = dangerous(risky_calls) if risky_calls else ""
        why = "frames " + ", ".join(
            f"{h.frame}({h.target!r}{', ' + repr(h.value) if h.value else ''})" for h in meaning.heard
        )
        if safe:
            return Understanding("actions", tuple(safe), reply, "ok", why, pending=tuple(risky))
        if risky:
            return Understanding("confirm", (), reply, "dangerous", why, pending=tuple(risky))
        return _unknown("not_understood", "All right, I have changed nothing.", why)


_WHOLE = frozenset({"ok", "query", "dangerous", "small_talk", "unavailable", "deferred_unsupported"})
_LIT = frozenset({"light", "switch", "fan", "input_boolean"})
_NOT_BY_ITSELF = "I do not undo that for {name} by myself, so nothing has changed."
# "Unlock the door" is often written like this; nobody begins a sentence with "and lock".
_SCENE_LEAD = re.compile(r"(?:it is|let us have|let us do|have|do|time for|make it|i want|we want) (?:a |the )?")
_LOCK_OR_UNLOCK = re.compile(r"(?:and|an|in|on|un|hun|own|em|am|on a) lock(?:ed)? ")


def _spoken_of(before: str, text: str, context: Context) -> Context:
    """The context of a correction that says "it" of what it corrects."""
    if not before or PRONOUNS.isdisjoint(text.split()):
        return context
    read = understand_clauses(before, context)
    ids = [c.entity.entity_id for c in read.calls if c.entity is not None] if isinstance(read, Meaning) else []
    return told(context, tuple(ids)) if ids else context


def _masked(text: str, context: Context) -> str:
    """The text with every name of a device replaced by one neutral word."""
    words = text.split()
    position = 0
    while position < len(words):
        for length in range(min(context.index.longest, len(words) - position), 1, -1):
            if canonical(" ".join(words[position : position + length])) in context.index.names:
                words[position : position + length] = ["device"]
                break
        position += 1
    return " ".join(words)


# What is done to devices and hardly to anything else.
_TO_DEVICES = re.compile(
    r"(?:turn|switch|power|dim|brighten|(?:un)?lock|open|close|shut|(?:un)?mute|dock|(?:dis)?arm|(?:de)?activate|enable"
    r"|disable|pause|resume|start|set|lower|raise|is|are)\b"
)
_MAKES = re.compile(r"(?:make|write|create|draft|give (?:me|us)|compose|plan)\b")
_MOST_WORDS_OF_A_NAME = 4


def _could_be_a_device(miss: Miss, text: str) -> bool:
    """Whether what was not found is worth a sentence: "there is no sauna lamp", but nothing about a sonnet on rain."""
    if miss.reason != "no_such_device":
        return True
    words = [word for word in miss.phrase.split() if word not in STOP]
    if not words or len(words) > _MOST_WORDS_OF_A_NAME:
        return False
    if words[-1] == "list" and _MAKES.match(text):
        return False
    return bool(domains_of(words[-1])) or bool(_TO_DEVICES.match(text))


def _unexplained(text: str, heard: Heard, context: Context) -> list[str]:
    """The words that neither a reading of a part of the text nor the house knows."""
    read = {*heard.target.split(), *heard.value.split(), *heard.amount.split(), *STOP, *GRAMMAR_WORDS}
    return [w for w in text.split() if w.isalpha() and w not in read and not context.index.is_known(w)]


def _answered(found: Answer) -> Understanding:
    return Understanding("answer", (), found.sentence, found.reason, "state question", asked=found.entity_ids)


def _unknown(reason: str, reply: str, explanation: str) -> Understanding:
    return Understanding("unknown", (), reply, reason, explanation)


def sentence_for(understanding: Understanding, results: Sequence[ActionResult], house: House) -> str:
    """What to say after the actions were tried: only what was read back, and what was left undone.

    Args:
        understanding: what was asked.
        results: one for each of its actions, in order.
        house: the house after the actions.
    """
    if understanding.kind != "actions":
        return understanding.reply
    told = done(understanding.actions, results, house)
    return f"{told} {understanding.reply}".strip()
