"""What leads up to a request or gives its reason: "I can't read in here, turn the lamp on", "… I'm off to bed".

Such words ask for nothing themselves. They are recognised by their shape, so that what somebody else said, what happens
on a condition, and who else switches things never become requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from hub.understanding.clause import Meaning
from hub.understanding.clauses import told, understand_clauses
from hub.understanding.context import Context
from hub.understanding.courtesy import without_courtesy
from hub.understanding.gates import MENTIONED, SAYING, judge
from hub.understanding.lexicon import domains_of
from hub.understanding.naming import begins_with_a_name, devices_in, routine_named
from hub.understanding.reasons import UNFINISHED, reason_cuts
from hub.understanding.tagger import canonical
from hub.understanding.target import PRONOUNS, Target
from hub.understanding.targets import resolve
from hub.understanding.verbs import Form, is_verb
from hub.understanding.whereabouts import told_of


@dataclass(frozen=True, slots=True)
class Led:
    """A request without what stood beside it.

    Attributes:
        request: in plain words.
        head: what stood before it, or its reason.
        entity_ids: devices that the head names, for the request's "it".
        about: the head is about a device, and the request must be too.
        told: the head is a plain statement, so that what follows it asks for something, however it names it.
    """

    request: str
    head: str
    entity_ids: tuple[str, ...] = ()
    about: bool = False
    told: bool = False


def request_beside(text: str, context: Context) -> Meaning | None:
    """What a text asks for that also tells why, or what it is about; None where it is no such text.

    Nothing is guessed: the request must be whole, name its devices exactly or point to what the rest has named, and
    the rest must ask for nothing itself.
    """
    if SAYING.search(text) or MENTIONED.search(text):
        return None
    text = text.replace(" ?", " ,")
    bares = list(islice(reason_cuts(text), _MOST_REASONS))
    for whole in (text, *bares):
        for found in led(whole, context):
            where = told_of(found.head, found.request, context)
            read = _asked(found.request, found.entity_ids, where, loosely=found.told)
            if read is not None and read.cost and not all(heard.verbal for heard in read.heard):
                continue
            if read is None or not _is_about(found, read, context):
                continue
            if not _asks(found.head, context) or _LEFT.fullmatch(found.head):
                return read
            break  # two requests, and neither is the other's reason
    for bare in bares:
        read = _asked(bare, (), told_of(text[len(bare) :].strip(" ,."), bare, context), loosely=True)
        if read is None or not (is_verb(bare.partition(" ")[0], Form.BASE) or all(h.target for h in read.heard)):
            continue
        # "The timer on the cooker is broken" is no "the timer on", with a reason behind it.
        rest = text[len(bare) :].strip(" ,.")
        if rest.startswith(("the ", "my ", "our ")) and read.cost and not all(h.verbal for h in read.heard):
            return None
        return _with_another(read, rest, context)
    return None


def _with_another(read: Meaning, reason: str, context: Context) -> Meaning:
    """The request with the one that follows its reason: "pause the robot, he's eating my sock, turn the lamp off"."""
    words = reason.split()
    for start in range(len(words) - 1):
        tail = " ".join(words[start:])
        verb = words[start] not in ("up", "down") and is_verb(words[start], Form.BASE)
        begins = (_WISHES if start == 0 else _BEGINS).match(tail) and (verb or start == 0)
        begins = begins or begins_with_a_name(tail, context)
        if not begins or (start and not _IS_WHOLE.fullmatch(" ".join(words[:start]).rstrip(" ,."))):
            continue
        other = _asked(tail, (), context)
        if other is not None and other.cost == 0 and all(h.verbal or h.frame in ("on", "off") for h in other.heard):
            return Meaning((*read.calls, *other.calls), (*read.heard, *other.heard), cost=read.cost)
    return read


def _asked(request: str, entity_ids: tuple[str, ...], context: Context, *, loosely: bool = False) -> Meaning | None:
    """What a request means where it names its devices outright; `loosely`: or one device by a part of its name."""
    request = without_courtesy(request)
    if judge(request, question_mark=False).kind != "open":
        return None
    pointed = not PRONOUNS.isdisjoint(request.split()) and entity_ids
    read = understand_clauses(request, told(context, entity_ids) if pointed else context)
    if (
        isinstance(read, Meaning)
        and read.calls
        and (read.cost == 0 or _within(read, entity_ids) or (loosely and len(read.calls) == read.cost == 1))
    ):
        return read if not any(call.entity is None or call.service in _FREE for call in read.calls) else None
    return None


def _within(read: Meaning, entity_ids: tuple[str, ...]) -> bool:
    return all(call.entity is not None and call.entity.entity_id in entity_ids for call in read.calls)


def _is_about(found: Led, read: Meaning, context: Context) -> bool:
    if not found.about:
        return True
    said = {canonical(word) for word in found.head.split()}
    return any(call.entity and not said.isdisjoint(context.index.words[call.entity.entity_id]) for call in read.calls)


def _asks(head: str, context: Context) -> bool:
    """Whether what leads up asks for something itself; a complaint ("too bright") does not once a remedy follows."""
    if _COMPLAINS.search(head):
        return False
    for text in (head, *islice(reason_cuts(head), _MOST_REASONS)):
        read = understand_clauses(text, context)
        if isinstance(read, Meaning) and read.calls and (text is head or read.cost == 0):
            return True
    return False


_WISHES = re.compile(r"(?:i|we) (?:want|need|would (?:like|love))\b")
# A reason that is over, so that what follows it is something else: not "we always | lock the gate".
_IS_WHOLE = re.compile(
    r"(?!.*\b(?:to|and|or|not|never|always|usually|often|sometimes|you|who|that|if|when|until|let|make|makes|made|help|see"
    r"|hear|watch|will|would|can|could|should|must|might|just|said|says)$)"
    r"(?:i|we|he|she|they|it|there|(?:(?:the|my|our|this|that|these|those|his|her|their) )?[a-z]+) [a-z]+(?: .+)?"
)
_COMPLAINS = re.compile(
    r"^(?:i|we) can (?:not|barely|hardly)\b|\btoo\b"
    r"|\b(?:is|are) (?:a (?:bit|little|touch|tad)|rather|way|really|so|very) [a-z]+$"
)
# What takes any words may have swallowed the rest.
_FREE = frozenset({"media_player.play_media", "todo.add_item", "todo.remove_item"})
_MAX_WORDS, _MOST_REASONS = 40, 3
# Somebody else's words, conditions, wishes and habits: nothing that stands with them is a request of now.
_NOT_NOW = re.compile(
    r"\b(?:said|says?|tells?|told|ask(?:s|ed)?|yell(?:s|ed)?|shout(?:s|ed)?|called|named|titled|reads|goes like|begins"
    r"|poem|lyrics?|chorus|rhyme|verse|proverb|if|when"
    r"|whenever|unless|until|\d+s|\d+:\d+(?:[ap]m)?|would|could|should|might|must|never(?! mind)"
    r"|always|usually|often|sometimes|wish|imagine|suppose"
    r"|pretend|what|why|how|where|which|whose|thought|heard|saw|watched|sang|wrote)\b"
)
# "I can't see what I'm doing" and "the door should be locked" are plain statements of now.
_PLAIN_HEAD = re.compile(
    r"^(?:i|we|you) (?:can not|can (?:barely|hardly)) (?:even )?(?:see|hear|read|tell|find) (?:what|where|who"
    r"|which|how)\b"
    r"|^(?:i|we) could (?=(?:murder|kill for|do with) )"
    # "It's been a day" tells no time.
    r"|\bit (?:is|has) been \d+s$"
    r"|\b(?:should|must) be (?=(?:locked|off|on|open|closed|shut|up|down)$)"
)
# "The pendants are blinding me" is whole, "let me" is not.
_BOTHERS = re.compile(r".+ (?:is|are) [a-z]+ing (?:me|us)")
_BECAUSE_OF = re.compile(r".+ (?:over|with|because of|near|around) (?:the|these|those|all the|all these|my|our) [a-z]+")
_FELT = re.compile(
    r"(?:(?:can not|can (?:barely|hardly)|need|could do with) |(?!(?:you|what|who|that|which)\b)"
    r"(?:(?:the|my|our) )?[a-z]+ (?:can not|can (?:barely|hardly)) |(?:it|this|that|something|this place|the place"
    r"|the [a-z]+) (?:really |still |always )?(?!is\b|was\b|has\b|does\b)[a-z]{3,}s(?: |$)|(?:i|we) (?:am|are|feel|have"
    r"|need|want|hate|love|think|can not|can (?:barely|hardly)|could do with|got"
    r"|do not (?:need|want|like)|just|only|fancy|(?:could )?(?:murder|kill for)) ).*"
)
# Mishaps, told without a pause: nobody makes others do something by them, as "i helped mum | turn the light off".
_MISHAP = re.compile(
    r"(?:i|we|(?:a|the|my|our) [a-z]+) (?:just |have |has )*(?:burned|burnt|spilled|spilt|dropped|broke|finished"
    r"|scorched)(?: (?:a|an|some|the|my|our|something) ?(?:[a-z]+ ?){0,2})?"
    r"|(?:a|an|the|my|our) (?:[a-z]+ ){1,2}(?:just |has )*(?:burst|leaked|fell|woke up|went off|arrived|blew|cracked)"
)
# What has happened, told before a pause: "a pipe burst, close the valve".
_HAPPENED = re.compile(
    r"(?:i|we|someone|somebody|something|it|(?:a|an|the|my|our) [a-z]+(?: [a-z]+)?) (?:just |have |has |had |already )*"
    r"(?!need|feed|speed)[a-z]+(?:ed|pt|st|lt|ke|ut|it|id|ent|oke|ew|ell|ill|an|ot|left|lost)(?: .+)?"
)
_IS_SO = re.compile(
    r"(?!(?:he|she|they|you|i|we|is|are|do|does|did|can|what|who|how|not|never|please)\b)"
    r"(?P<n>(?:(?:the|my|our|that|this|those|these|all|your|his|her) )?(?:[a-z0-9]+ ){1,5}?)"
    r"(?:is|are|should be|must be|needs to be|looks?|feels?|smells?|sounds?|seems?|has|have|needs) .+"
)
_LEFT = re.compile(
    r"(?:[a-z]+ ){1,3}?(?:(?:is|has|have) )?(?:left|forgot|forgotten|(?:is|are) after leaving|(?:gone"
    r"|went) and left) (?P<n>.+?)"
    r" (?:on|open|off|unlocked|running|going|up|down)(?: again)?"
)
_IS_IT = re.compile(
    r"(?:is|are|have|has|did)(?: (?:i|we|somebody|someone) (?:left|leave))? (?P<n>.+?) (?:left"
    r" )?(?:on|off|open|closed|shut|locked|unlocked|running|on the latch|up|down)"
    r"(?: (?:or not|or what|well|oh well|never mind|no matter|anyway|just|then|if (?:so|not"
    r"|it is(?: not)?|they are(?: not)?)))*"
)
_FOR_THAT = re.compile(r"(?:let|give|get|buzz) (?:us|me|him|her|them|my|the|our|some|a|in|it) .+")
_TOPIC = re.compile(
    r"(?:(?:how|what) about |as for |about |get |you know |see )?(?:the|my|our|that|this|those|these)?(?P<n> ?.+?)"
    r"(?: (?:for me|please|again|there|over there))?"
)
_IF_SO = re.compile(r" if (?:so|not|it is(?: not)?|they are(?: not)?)$")
_ABOUT = re.compile(r"^(?:how|what) about | (?:for me|for us|please|if (?:so|not|it is(?: not)?|they are(?: not)?))$")
_DOES = re.compile(
    r"(?!(?:i|we|he|she|they|you|it|is|are|do|does|did|can|will|what|who|how|not|never|no|if|when|to|did|keep|leave)\b)"
    r"[a-z]+(?: (?:up|down|off|on|out|back))? (?P<n>(?:(?:the|my|our|that|this) )?.+)"
)
_ASKED_OF = re.compile(
    r"(?:, )?(?:can|could|would|will) (?:you|we|i) |(?:, )?i (?:want|need|would like) (?:it|them|that)\b"
)
# "The fountain, I'd like that off": what is wanted of what was named.
_WISHED = re.compile(r"(?:i|we) (?:want|need|would like) (?:it|them|that|those) (?:to be )?[a-z0-9 %°]+")
_FILLING = re.compile(
    r"^(?:(?:,|\.|so|then|well|please|just|ok|now|can you|you can|you could|you may|could you|would you"
    r"|will you) ?)+"
)
# "The hall light red" has no verb: such words need an object with an article, or none of their own kind before them.
_BEGINS = re.compile(
    r"(?!(?:light(?! up the)|lights|heat|water|fan|park|press|power|dock|move|play|vacuum|time)\b(?!"
    r" (?:the|my|our|it|them) ))"
    r"(?!(?:dim|warm|cool|open|lock|set|close|clean|sweep|start|stop|slow|shut|cut|mute|hold|keep|leave|add|remind)\b"
    r"(?! (?:the|my|our|it|them|that|this|those|these|all|every|both|up|down|off|out)\b))[a-z]+ "
)
# Who or what is where, told without a verb: "kids in the car".
_PRESENT = re.compile(r"(?:(?:the|my|our) )?(?:[a-z]+ ){1,2}(?:in|at|on|by) (?:the|my|our) [a-z]+")
_STARTS = re.compile(r"^(?:start|run|activate|launch|trigger|begin|do)(?: (?:the|my|our))? ")
_SENSES = re.compile(r"\b(?:see|hear|read|find|like|love|want|need|hate|have|feel|think)$")


def led(text: str, context: Context) -> Iterator[Led]:
    """Each way in which the text is a request with something beside it, the longest request first."""
    words = text.split()
    if not 3 < len(words) <= _MAX_WORDS:
        return
    for start in range(1, len(words) - 1):
        if start == 1 and not _ASKED_OF.match(" ".join(words[1:5])):
            continue
        head = " ".join(word for word in words[:start] if word not in (",", "."))
        tail = _FILLING.sub("", " ".join(words[start:])).strip(" ,.")
        verb = tail.partition(" ")[0]
        told_of = _ABOUT.sub("", head)
        unfinished = bool(UNFINISHED.search(told_of))
        unfinished = unfinished and not (_BOTHERS.fullmatch(told_of) or _BECAUSE_OF.fullmatch(told_of))
        if unfinished or _NOT_NOW.search(_PLAIN_HEAD.sub("", told_of)) or not tail:
            continue
        begins = _BEGINS.match(tail) and is_verb(verb, Form.BASE) and words[start - 1] != verb
        if _PRESENT.fullmatch(head) and _STARTS.match(tail) and _starts_a_routine(tail, context):
            yield Led(tail, head)
        elif begins or _WISHED.fullmatch(tail):
            yield from _before_a_verb(head, tail, context, paused=words[start - 1] == ",")
        elif begins_with_a_name(tail, context) and _tells(head) and not (
            _SENSES.search(head) and tail.startswith(("the ", "my ", "our "))
        ):  # fmt: skip
            yield Led(tail, head)


def _starts_a_routine(tail: str, context: Context) -> bool:
    """Whether a request starts a scene or script by its full name, which nobody tells of somebody else."""
    return routine_named(_STARTS.sub("", tail), context) is not None


def is_told(head: str) -> bool:
    """Whether words only tell how things are now, whole and without a word of somebody else or of another time."""
    return not UNFINISHED.search(head) and not _NOT_NOW.search(_PLAIN_HEAD.sub("", head)) and _tells(head)


def _tells(head: str) -> bool:
    if _IS_IT.fullmatch(head) and not _FELT.fullmatch(head):
        return False
    return any(shape.fullmatch(head) for shape in (_FELT, _LEFT, _IS_SO, _FOR_THAT))


def _before_a_verb(head: str, tail: str, context: Context, *, paused: bool) -> Iterator[Led]:
    named = devices_in(head, context) or _subject(head, context)
    pronoun = not PRONOUNS.isdisjoint(tail.split())
    negated = judge(head, question_mark=False).why == "negation"
    if _IS_IT.fullmatch(head):
        yield Led(_IF_SO.sub("", tail), head, named, about=True)
    elif _LEFT.fullmatch(head):
        yield Led(tail, head, named, about=bool(named))
    elif _FELT.fullmatch(head) or _IS_SO.fullmatch(head):
        yield Led(tail, head, named, told=True)
    elif not negated and (
        _FOR_THAT.fullmatch(head) or _MISHAP.fullmatch(head) or (paused and _HAPPENED.fullmatch(head))
    ):
        yield Led(tail, head, named)
    elif pronoun and not negated:
        for shape in (_TOPIC, _DOES):
            found = shape.fullmatch(head)
            whole = devices_in(found["n"], context, whole=True) if found else ()
            whole = whole or (_kind_here(found["n"].strip(), context) if found and shape is _TOPIC else ())
            if whole:
                yield Led(tail, head, whole, about=True)
                return


def _kind_here(phrase: str, context: Context) -> tuple[str, ...]:
    """The devices of a kind that is named alone ("the curtains")."""
    if not domains_of(re.sub(r"^(?:the|my|our|that|this|those|these) ", "", phrase)):
        return ()
    meant = resolve(phrase, frozenset(context.index.by_domain), context)
    return tuple(e.entity_id for e in meant.entities) if isinstance(meant, Target) and meant.cost == 0 else ()


def _subject(head: str, context: Context) -> tuple[str, ...]:
    """The devices that the head speaks of as a kind in a place ("the kitchen lights are too bright")."""
    for shape in (_LEFT, _IS_IT, _IS_SO):
        found = shape.fullmatch(head)
        if found:
            meant = resolve(found["n"].strip(), frozenset(context.index.by_domain), context)
            return tuple(e.entity_id for e in meant.entities) if isinstance(meant, Target) and meant.cost == 0 else ()
    return ()
