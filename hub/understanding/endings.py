"""Where a command may end: whether more of it is likely to follow, in the assistant's words as they come."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hub.understanding.context import Context
from hub.understanding.house import Action
from hub.understanding.lexicon import domains_of, value_of
from hub.understanding.normalise import name_key, normalise
from hub.understanding.tagger import canonical
from hub.understanding.target import PRONOUNS
from hub.understanding.verbs import Form, is_verb

_OBJECT_LEADS = frozenset({"the", "my", "our", "your", "a", "all", "both", "every", "on", "off", "up", "down"})
_STEPS = frozenset({"volume_up", "volume_down", "increase_speed", "decrease_speed"})
_TO_A_VALUE = re.compile(r"(?:|t|to|b|by|a|h|half|f|for|s)$")  # the next word, as far as it is known
_PARTICLES = frozenset({"on", "off", "up", "down", "open", "closed", "shut"})


# What turns a commitment into a question when it follows behind a comma: "I'll turn it off, shall I?"
_TAGS = frozenset(
    ["shall", "should", "ok", "okay", "right", "yes", "yeah", "yep", "is", "isn't", "alright", "all", "correct", "eh",
     "innit", "huh", "no", "if", "unless", "when", "sound", "sounds", "deal", "would", "want", "do", "don't", "can",
     "could", "may", "good", "fine", "aye", "once", "as"]
)  # fmt: skip
_BARE_TAG = re.compile(r"(?:shall|should) (?:i|we)(?: (?:do (?:that|it|so)|then|now|or not))*")


def may_be_tag(begun: str) -> bool:
    """Whether a word, or the beginning of one, may turn what stands before its comma into a question."""
    return any(tag.startswith(begun.lower()) for tag in _TAGS)


def is_tag(word: str) -> bool:
    """Whether a word behind a comma may turn what stands before it into a question."""
    return word.lower() in _TAGS


def is_bare_tag(words: Iterable[str]) -> bool:
    """Whether a question only asks for leave to do what was just said: "shall I"."""
    return bool(_BARE_TAG.fullmatch(" ".join(words).lower()))


def may_be_head(word: str, context: Context) -> bool:
    """Whether `is_head` may be true of the word, by a look at the tables alone."""
    return is_head(word, (), context) or canonical(word) in context.index.by_word


def is_head(word: str, read: Iterable[Action], context: Context) -> bool:
    """Whether a command may well end with this word: a device, a particle, a pronoun, a value; no bare number."""
    if word in PRONOUNS or word in _PARTICLES:
        return True
    if word[:1].isdigit() or (value_of(normalise(word)[0]) is not None and normalise(word)[0][:1].isdigit()):
        return False
    if domains_of(word) or word in ("percent", "degrees") or value_of(word) is not None:
        return True
    last = canonical(word)
    ids = [i for action in read for i in action.entity_ids]
    names = (n for i in ids if i in context.house.entities for n in _names(context.house.entities[i]))
    return any(canonical(name.rpartition(" ")[2]) == last for name in names)


def has_object(text: str) -> bool:
    """Whether a command is more than a verb and its particle: "turn on |" is still being spoken."""
    return any(word not in _PARTICLES for word in text.split()[1:])


def goes_on(text: str, read: tuple[Action, ...], following: str, context: Context) -> bool:
    """Whether what follows may change a command.

    The device at its end may be the beginning of another one's name ("the fan | club sign"), a step may get its value
    ("bring the lights down | to ten percent").
    """
    words = name_key(text).split()
    if words[-1] in ("up", "down") and _TO_A_VALUE.match(following) and any(map(_is_step, read)):
        return True
    for length in range(1, min(context.index.longest, len(words))):
        lead = words[-length - 1]
        if lead not in _OBJECT_LEADS and not (length == len(words) - 1 and is_verb(lead, Form.BASE)):
            continue
        begun = canonical(" ".join(words[-length:]))
        for name in context.index.beginnings.get(begun, ()):
            if name[len(begun) + 1 :].startswith(canonical(following)) and any(
                _may_mean(action, i.partition(".")[0]) for action in read for i in context.index.names[name]
            ):
                return True
    return False


def _is_step(action: Action) -> bool:
    return (
        bool(action.step)
        or action.service in _STEPS
        or any(key.endswith(("_step", "_step_pct", "_delta")) for key in action.data)
    )


def _may_mean(action: Action, domain: str) -> bool:
    """Whether the words of an action may be meant for a device of this domain."""
    return domain == action.domain or action.service in ("turn_on", "turn_off", "toggle")


def _names(entity: object) -> tuple[str, ...]:
    name, aliases = getattr(entity, "name", ""), getattr(entity, "aliases", ())
    return tuple(normalise(n)[0] for n in (name, *aliases))
