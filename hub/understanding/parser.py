"""The first tier of understanding: a user's words to actions, to a true answer, or to an honest sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hub.understanding.answers import dangerous, why_not
from hub.understanding.clause import NOT_UNDERSTOOD, Failure, Meaning
from hub.understanding.clauses import told, understand_clauses
from hub.understanding.completeness import is_dangling, may_go_on
from hub.understanding.context import Context
from hub.understanding.courtesy import is_request, without_courtesy
from hub.understanding.declining import could_be_a_device, declined
from hub.understanding.focus import NOTHING, Focus
from hub.understanding.frames import Heard
from hub.understanding.gates import Gate, judge
from hub.understanding.guessing import answered_by_sound, guessed, guessed_by_sound
from hub.understanding.house import Action, Entity, House
from hub.understanding.naming import routine_named
from hub.understanding.normalise import MAX_CHARACTERS, MAX_WORDS, normalise
from hub.understanding.policy import Policy
from hub.understanding.preamble import request_beside
from hub.understanding.queries import answer
from hub.understanding.questions import Answer, plainly_asked
from hub.understanding.remarks import without_remark
from hub.understanding.repairs import is_corrected, misheard_questions, self_corrections
from hub.understanding.services import Call, group_calls
from hub.understanding.smalltalk import small_talk
from hub.understanding.soundalikes import sounds_of_house
from hub.understanding.steps import parted
from hub.understanding.tagger import Indexes, canonical
from hub.understanding.target import PRONOUNS, Miss
from hub.understanding.timers import timer_answer
from hub.understanding.topics import question_with_topic
from hub.understanding.understood import Understanding, answered, unknown
from hub.understanding.wanting import wanted


class Parser:
    """Understands one utterance at a time. Pure but for the index of names it keeps per revision of a house."""

    def __init__(self, *, policy: Policy = Policy()) -> None:  # noqa: B008 - frozen, shared on purpose
        self._policy = policy
        self._indexes = Indexes()
        self._contexts: dict[str, Context] = {}

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
            return unknown("too_long", "Sorry, that was too long for me.", "more characters than a request has")
        plain, question = normalise(text)
        if not plain:
            return unknown("empty", "Sorry, I did not hear any words.", "no words")
        if plain.count(" ") >= MAX_WORDS:
            return unknown("too_long", "Sorry, that was too long for me.", "more words than a request has")
        context = self._context_of(text, house, area_id, now, focus)
        polite = context.index.respelled(without_courtesy(plain))
        greeted = small_talk(plain, now)  # "good night" only greets, even where a scene is called so
        scene = self._scene_by_name(polite, context) if greeted is None else None
        if scene is not None:
            return scene
        talk = greeted or small_talk(polite, now)
        if talk is not None:
            return Understanding("answer", (), talk.sentence, "small_talk", "small talk", ends_conversation=talk.ends)
        if _LOCK_OR_UNLOCK.match(plain):
            return unknown("ambiguous", "Do you want that locked or unlocked?", "lock or unlock was not heard clearly")
        understood = self._request(polite, context, question=question and not is_request(plain))
        if understood.kind == "unknown":
            understood = self._named_alone(polite, context, politely=plain.endswith(" please")) or understood
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
        context = self._context_of(text, house, area_id, now, focus)
        polite = context.index.respelled(without_courtesy(plain))
        if is_corrected(polite):
            return None
        gate = judge(polite, question_mark=False)
        if gate.kind == "question":
            found = answered_by_sound(polite, context)
            return answered(found) if found is not None else None
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

    def _context_of(self, text: str, house: House, area_id: str | None, now: datetime, focus: Focus) -> Context:
        """The surroundings of a text, with what was already read of it in this moment."""
        kept = self._contexts.get(text)
        if kept is None or kept.house is not house or (kept.area_id, kept.now, kept.focus) != (area_id, now, focus):
            if len(self._contexts) >= _KEPT_TEXTS:
                self._contexts.clear()
            kept = self._contexts[text] = Context(house, self._indexes.of(house), area_id, now, focus, text)
        return kept

    def _scene_by_name(self, text: str, context: Context) -> Understanding | None:
        """A scene or script of several words is asked for by its bare name ("Movie night.")."""
        lead = _SCENE_LEAD.match(text)
        said = (text[lead.end() :] if lead else text).removesuffix(" now")
        named = re.sub(r" (?:scene|routine)$", "", said)
        found = routine_named(said, context) or routine_named(named, context) if lead or " " in said else None
        if found is None or (lead and found.domain == "script"):
            return None
        heard = Heard("activate", said, verbal=False)
        return self._decide(Meaning((Call(f"{found.domain}.turn_on", found, {}),), (heard,)), text)

    def _request(self, said: str, context: Context, *, question: bool) -> Understanding:
        beside = request_beside(said, context)
        if beside is not None:
            return self._decide(beside, said)
        text = question_with_topic(plainly_asked(said), context)
        while (bare := without_remark(text)) is not None:
            text = bare
            if (routine := self._scene_by_name(re.sub(r" scene$", "", text), context)) is not None:
                return routine
        beside = request_beside(text, context) if text != said else None
        if beside is not None:
            return self._decide(beside, text)
        for candidate, before in self_corrections(text, context):
            gate = judge(candidate, question_mark=question)
            plain = judge(_masked(candidate, context), question_mark=question)
            if gate.kind not in (plain.kind, "open"):
                # A name of the house ("Never Land lamp") is no negation, question or time.
                gate = plain
            understood = self._gated(candidate, gate, _spoken_of(before, candidate, context))
            if candidate != text and understood.kind == "unknown":
                continue
            return understood
        return unknown("not_understood", why_not(NOT_UNDERSTOOD, context), "a correction that fits nothing")

    def _named_alone(self, text: str, context: Context, *, politely: bool) -> Understanding | None:
        """Read "closet light, please": a device by its name alone is asked to be on."""
        asked = wanted(text, context, politely=politely)
        if asked is not None:
            read = understand_clauses(asked, context)
            return self._decide(read, asked) if isinstance(read, Meaning) else None
        if not politely or context.focus != NOTHING:
            return None
        if context.index.is_place(text):
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
            return unknown("not_understood", reply, f"gate: {gate.why}")
        if gate.kind == "deferred":
            return self._deferred(text, gate, context)
        meaning = understand_clauses(text, context)
        if isinstance(meaning, Failure) and meaning.reason in ("no_such_device", "not_understood"):
            guess = guessed(text, context, self._policy)
            if guess is not None:
                return self._decide(*guess)
        if isinstance(meaning, Failure):
            return declined(meaning, text, context)
        return self._decide(meaning, text)

    def _deferred(self, text: str, gate: Gate, context: Context) -> Understanding:
        timer = understand_clauses(text, context)
        if any(h.frame == "timer" for h in ([timer.heard] if isinstance(timer, Failure) else timer.heard) if h):
            return self._decide(timer, text) if isinstance(timer, Meaning) else declined(timer, text, context)
        if gate.rest and isinstance(understand_clauses(gate.rest, context), Meaning):
            what = (
                "cannot wait for a condition"
                if gate.why == "condition"
                else "need a time of day or a number of minutes"
            )
            return unknown("deferred_unsupported", f"I {what}, so nothing has changed.", f"gate: {gate.why}")
        return unknown("not_understood", why_not(NOT_UNDERSTOOD, context), f"gate: {gate.why}")

    def _question(self, text: str, gate: Gate, context: Context) -> Understanding:
        timers = timer_answer(text, context)
        if timers is not None:
            return Understanding("answer", (), timers.sentence, timers.reason, "timers", asked=timers.entity_ids)
        text = re.sub(
            r"^(?:do you know|i wonder|any idea|(?:can|could) you tell me|(?:tell|show) me|let me know) (?=if"
            r"|whether|what|which|how|where|who)",
            "",
            text,
        )
        found = answer(text, context)
        if found is None and gate.why == "question mark":
            found = answer(f"is {text}", context) or answer(f"what is the {text}", context)
        if not isinstance(found, Answer) and (found is None or found.reason == "no_such_device"):
            repaired = (answer(other, context) for other in misheard_questions(text, context))
            found = next((read for read in repaired if isinstance(read, Answer)), found)
        if isinstance(found, Answer):
            return answered(found)
        asked = text.count(" ") < 8 or (isinstance(found, Miss) and could_be_a_device(found, text))
        if isinstance(found, Miss) and found.strength >= 2 and asked:
            failure = Failure(found.reason, miss=found)
            return unknown(found.reason, why_not(failure, context), f"state question, reason {found.reason}")
        return unknown("not_understood", why_not(NOT_UNDERSTOOD, context), "a question about nothing in this house")

    def _decide(self, meaning: Meaning, text: str) -> Understanding:
        safe: list[Action] = []
        risky: list[Action] = []
        risky_calls: list[tuple[str, Entity]] = []
        waiting: set[str] = set()
        for call, entities in group_calls(meaning.calls):
            domain, _, name = call.service.partition(".")
            bad = [e for e in entities if self._policy.is_dangerous(call.service, e, call.data)]
            if bad and call.taken_back:
                return unknown("cannot_do", _NOT_BY_ITSELF.format(name=bad[0].name), "what takes it back is dangerous")
            waiting.update(e.entity_id for e in bad)
            # What ends a deed waits with it for the yes.
            held = tuple(e.entity_id for e in entities if e in bad or ("delay" in call.data and e.entity_id in waiting))
            good = tuple(e.entity_id for e in entities if e.entity_id not in held)
            data, step = parted(call.data)
            if good or call.entity is None:
                safe.append(Action(domain, name, good, data, text, step))
            if held:
                risky.append(Action(domain, name, held, data, text, step))
                risky_calls += [(call.service, e) for e in bad]
        reply = dangerous(risky_calls) if risky_calls else ""
        why = "frames " + ", ".join(
            f"{h.frame}({h.target!r}{', ' + repr(h.value) if h.value else ''})" for h in meaning.heard
        )
        if safe:
            return Understanding("actions", tuple(safe), reply, "ok", why, pending=tuple(risky))
        if risky:
            return Understanding("confirm", (), reply, "dangerous", why, pending=tuple(risky))
        return unknown("not_understood", "All right, I have changed nothing.", why)


_KEPT_TEXTS = 8
_WHOLE = frozenset({"ok", "query", "dangerous", "small_talk", "unavailable", "deferred_unsupported"})
_LIT = frozenset({"light", "switch", "fan", "input_boolean"})
_NOT_BY_ITSELF = "I do not undo that for {name} by myself, so nothing has changed."
# "Unlock the door" is often written like this; nobody begins a sentence with "and lock".
_SCENE_LEAD = re.compile(
    r"(?:it is|let us have|let us do|have|do|time for|make it|i want|we want|right|well) (?:a |the )?"
)
_LOCK_OR_UNLOCK = re.compile(r"(?:and|an|in|on|hun|own|em|am|on a) lock(?:ed)? ")


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
        begins = canonical(words[position]) in context.index.beginnings
        for length in range(min(context.index.longest, len(words) - position), 1, -1) if begins else ():
            if canonical(" ".join(words[position : position + length])) in context.index.names:
                words[position : position + length] = ["device"]
                break
        position += 1
    return " ".join(words)
