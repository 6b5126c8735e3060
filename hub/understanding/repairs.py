"""Repairing what was said: the speaker's own corrections, and one misheard word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rapidfuzz import fuzz

from hub.understanding.context import Context
from hub.understanding.frames import GRAMMAR_WORDS
from hub.understanding.lexicon import STOP, domains_of
from hub.understanding.misheard import NAMED, alike, names_of
from hub.understanding.sounds import distance, sounds_of
from hub.understanding.tagger import canonical, sound_of

_CORRECTION = re.compile(
    r" (?:, )?(?:(?:(?:no|oh|oops|whoops|wait|hang on|hold on|sorry|actually"
    r"|ah) (?:, )?)*(?:that is )?(?:the )?wrong (?:one|1|room|light"
    r"|lamp|switch|button)|no , sorry|scratch that|strike that|correction|oh wait|oh no|no , not that|not that|hang on"
    r"|hold on|no (?:, )?(?:hang on|hold on|shoot|not that (?:one|1))|no sorry|sorry , no|sorry"
    r" no|sorry , i mean|sorry i mean|no , wait|no wait|wait , no"
    r"|wait no|wait|"
    r"no , i mean|no i mean|(?:sorry )?i (?:say|said) (?:it )?wrong|i mean|or rather|i meant|actually , no"
    r"|actually no|actually|sorry|scratch that|no , no"
    r"|no make that|"
    r"make that|no) (?:, )?(?:make (?:it|that) |i meant )?"
)
_WITH_UNIT = re.compile(r"(-?\d+(?:\.\d+)?)(%|°f?|k|s)")
_VERBS = frozenset(
    [
        "turn",
        "switch",
        "set",
        "put",
        "dim",
        "close",
        "open",
        "lock",
        "play",
        "stop",
        "start",
        "pause",
        "make",
        "mute",
        "shut",
        "raise",
        "lower",
    ]
)
_SWITCHED = frozenset({"on", "off"})
# "Actually forty is plenty": forty is meant.
_WILL_DO = re.compile(
    r"(?<=\d)(?P<unit>%|°f?|k)? (?:is|will be|would be) (?:plenty|enough|fine|better|good|perfect|right|ok|lots)$"
    r"|(?<=\d) (?:will|would|should) do$"
)
_ARTICLES = (["the"], ["a"], ["an"], ["my"], ["our"])
_MAX_TRIES = 12


def self_corrections(text: str, context: Context) -> Iterator[tuple[str, str]]:
    """The text with its correction carried out: each way in which the right side may stand for a part of the left.

    With each comes what was said before the correction where the right side stands alone, for its "it"; else nothing.
    """
    if not _CORRECTION.search(text):
        yield text, ""
        return
    joined = _names_joined(text, context)
    for candidate, before in _corrected(joined):
        yield candidate.replace(_JOINT, " "), before.replace(_JOINT, " ")


def is_corrected(text: str) -> bool:
    """Whether the speaker takes back a part of it."""
    return bool(_CORRECTION.search(text))


# No word of plain text holds it.
_JOINT = "_"


def _names_joined(text: str, context: Context) -> str:
    """The text with each name of the house that holds a word of correction ("Wait And See Lamp") as one word."""
    words = text.split()
    for start in range(len(words)):
        for length in range(min(context.index.longest, len(words) - start), 1, -1):
            name = words[start : start + length]
            if canonical(" ".join(name)) in context.index.names and _CORRECTION.search(f" {' '.join(name)} "):
                return _names_joined(" ".join([*words[:start], _JOINT.join(name), *words[start + length :]]), context)
    return text


def _corrected(text: str) -> Iterator[tuple[str, str]]:
    cuts = list(_CORRECTION.finditer(text))
    if not cuts:
        yield text, ""
        return
    left, right = text[: cuts[0].start()].strip(" ,"), text[cuts[-1].end() :].strip(" ,")
    right = _WILL_DO.sub(r"\g<unit>", right)
    words, fragment = left.split(), right.split()
    number = _in_the_unit_of(fragment, words)
    if number is not None:
        yield " ".join([*words[: number[0]], number[1], *words[number[0] + 1 :]]), ""
    # What names its own thing and deed is no part of what was said before: "kitchen on, wrong one, hall on".
    whole = len(fragment) > 1 and {fragment[-1], words[-1] if words else ""} <= _SWITCHED
    alone = whole or (bool(fragment) and fragment[0] in _VERBS)
    if alone:
        yield right, left
    for keep in range(len(words) - 1, 0, -1)[:_MAX_TRIES]:
        if (
            fragment[:1] in _ARTICLES
            and words[keep : keep + 1] not in _ARTICLES
            and words[keep - 1 : keep] not in _ARTICLES
        ):
            continue  # a thing with its article stands for another with its own
        yield " ".join([*words[:keep], *fragment]), ""
    for keep in range(len(words) - 2, 0, -1)[:_MAX_TRIES]:
        for dropped in dict.fromkeys((len(fragment), 1, 2, 3)):
            if keep + dropped < len(words):
                yield " ".join([*words[:keep], *fragment, *words[keep + dropped :]]), ""
    if not alone:
        yield right, left


def _in_the_unit_of(fragment: list[str], words: list[str]) -> tuple[int, str] | None:
    """Takes "ten minutes, no, fifteen" for fifteen minutes: where the last number stands, and what it becomes."""
    if len(fragment) != 1 or not fragment[0].isdigit():
        return None
    for n in range(len(words) - 1, -1, -1):
        found = _WITH_UNIT.fullmatch(words[n])
        if found is None:
            continue
        if found[2] != "s":
            return n, fragment[0] + found[2]
        seconds = int(float(found[1]))
        unit = 3600 if seconds % 3600 == 0 else 60 if seconds % 60 == 0 else 1
        return n, f"{int(fragment[0]) * unit}s"
    return None


# What recognisers write for a word of a request; the second table only at the beginning, where the verb stands.
_ALIKE = {
    "like": "light", "likes": "lights", "lie": "light", "lied": "light", "lap": "lamp", "lamb": "lamp", "lam": "lamp",
    "laps": "lamps", "lambs": "lamps", "flour": "floor", "flaw": "floor", "have": "half", "van": "fan", "fun": "fan",
    "lines": "blinds", "blind": "blinds", "ferry": "fairy", "percents": "percent", "of": "off",
}  # fmt: skip
# No past tenses: "turned off the lamp" is a report.
_ALIKE_FIRST = {
    "said": "set", "sat": "set", "sit": "set", "cent": "set", "steady": "set the", "them": "dim", "damn": "dim",
    "din": "dim", "torn": "turn", "tern": "turn", "turns": "turn", "turn in": "turn on", "switch in": "switch on",
    "which": "switch", "witch": "switch", "pose": "pause", "paws": "pause", "moot": "mute", "mood": "mute",
    "clothes": "close", "shot": "shut", "floor of": "lower", "floor": "lower", "lore": "lower", "lord": "lower",
    "but": "put", "at": "add", "had": "add", "ad": "add",
}  # fmt: skip
_ALIKE_LAST = {
    "lot": "locked", "lock": "locked", "locks": "locked", "log": "locked", "blocked": "locked", "close": "closed",
    "clothes": "closed", "clothed": "closed", "opened": "open", "of": "off", "own": "on",
    "line": "on", "known": "on", "lawn": "on",
}  # fmt: skip
_QUESTION_WORDS = {"his": "is", "as": "is", "east": "is", "r": "are", "our": "are", "other": "are the"}
_MAX_ALIKE = 12


def misheard_repairs(text: str, context: Context) -> Iterator[tuple[str, int]]:
    """Texts that this one may have been, the likeliest first: a stray comma, a sound-alike, a word nobody knows.

    With each comes how loosely a device may be named then: a guessed word needs a full name beside it.
    """
    if not text or text.startswith(("no ", "not ")):
        return  # it takes something back, and nobody knows what
    if " , " in text:
        yield text.replace(" , ", " "), 0
    for changed in (*_sound_alikes(text.replace(" , ", " ")), *_ends_moved(text)):
        yield changed, 0
    for mended in _names_but_for_a_word(text.split(), context):
        yield mended, 0
    yield from _nearest_names(text, context)


# So far apart are two words that differ by one plain consonant; another name as near as that makes it anybody's guess.
_ONE_SOUND, _AS_NEAR, _SHORT = 1.1, 0.5, 3
# A word that more names have tells too little about which one was meant.
_MOST_HOLDERS = 40


def _names_but_for_a_word(words: list[str], context: Context) -> Iterator[str]:
    """The text with a name of several words put right of which all but one word were heard ("coffee pod")."""
    holders = [context.index.by_word.get(canonical(word), ()) for word in words]
    ids = {i for held in holders if len(held) <= _MOST_HOLDERS for i in held}
    names = {name for i in ids for name in names_of(context.entity(i), context)}
    names |= {tuple(area.split()) for area in context.index.areas}
    spoken = {canonical(word) for word in words}
    near = (n for n in names if len(n) > 1 and sum(canonical(word) in spoken for word in n) == len(n) - 1)
    mended: dict[str, float] = {}
    near_enough: set[str] = set()
    for name in sorted(near):
        for start in range(len(words) - len(name) + 1):
            heard = words[start : start + len(name)]
            wrong = [n for n, word in enumerate(name) if canonical(word) != canonical(heard[n])]
            if len(wrong) != 1 or heard[wrong[0]] in STOP | _PARTICLES | _PLAIN_WORDS:
                continue
            said, meant = heard[wrong[0]], name[wrong[0]]
            if not (said.isalpha() and meant.isalpha()):
                continue
            apart = distance(sounds_of(said), sounds_of(meant))
            whole = " ".join([*words[:start], *name, *words[start + len(name) :]])
            mended[whole] = apart
            if alike(said, meant, context) >= NAMED or (apart <= _ONE_SOUND and len(said) > _SHORT):
                near_enough.add(whole)
    nearest = min(mended.values(), default=0.0)
    likely = [text for text, apart in mended.items() if apart <= nearest + _AS_NEAR]
    if len(likely) == 1 and likely[0] in near_enough:
        yield likely[0]


# The end of a plural, heard as the beginning of what follows: "the light soft" for "the lights off".
_MOVED_END = re.compile(r"\b(?P<kind>[a-z]+) s(?P<state>oft|off|of|on|up|open)$")


def _ends_moved(text: str) -> Iterator[str]:
    found = _MOVED_END.search(text)
    if found and domains_of(found["kind"]):
        state = "off" if found["state"] in ("oft", "of") else found["state"]
        yield f"{text[: found.end('kind')]}s {state}"


def misheard_questions(text: str, context: Context) -> Iterator[str]:
    """Questions that this text may have been: sound-alikes at both ends, then inside, then unknown words."""
    words = text.split()
    if len(words) < 3:
        return
    ends = [_QUESTION_WORDS.get(words[0], words[0]), *words[1:-1], _ALIKE_LAST.get(words[-1], words[-1])]
    whole = " ".join(ends)
    if whole != text:
        yield whole
    yield from _sound_alikes(whole)
    yield from (repaired for repaired, _loose in _nearest_names(whole, context))


def _sound_alikes(text: str) -> Iterator[str]:
    """The text with one sound-alike put right, then with all of them."""
    words = text.split()
    if not words:
        return
    heads = [
        f"{_ALIKE_FIRST[head]}{text[len(head) :]}"
        for head in (" ".join(words[:2]), words[0])
        if head in _ALIKE_FIRST and len(words) > head.count(" ") + 1
    ]
    yield from heads
    for start in [text, *heads]:
        words = start.split()
        places = [n for n, word in enumerate(words) if n and word in _ALIKE and not _is_measure(words, n)][:_MAX_ALIKE]
        for n in places:
            yield " ".join([*words[:n], _ALIKE[words[n]], *words[n + 1 :]])
        if len(places) > 1:
            yield " ".join(_ALIKE.get(word, word) if n else word for n, word in enumerate(words))


# What is yours or hers is nothing of the house that was misheard: "turn off your brain".
_SOMEBODYS = (["your"], ["his"], ["her"], ["their"])
# Too common to be anything else that was misheard.
_PLAIN_WORDS = frozenset({"right", "there", "left", "then", "what", "where", "when", "with", "very", "much", "well"})
_SWITCHING = frozenset({"turn", "switch", "shut", "put", "power", "cut", "flick", "flip", "knock", "have", "get"})


def _is_measure(words: list[str], n: int) -> bool:
    """Whether an "of" is one: only behind a verb of switching, or as the last word, is it likely to be "off"."""
    if words[n] != "of" or n == len(words) - 1:
        return False
    before = words[n - 1]
    return words[0] not in _SWITCHING or before.isdigit() or before in ("lot", "bit", "out", "all", "some", "most")


def _nearest_names(text: str, context: Context) -> Iterator[tuple[str, int]]:
    """The text with each word that nobody knows replaced by the word of this house that sounds like it."""
    words = text.split()
    strange = [
        n for n, word in enumerate(words)
        if word.isalpha() and words[n - 1 : n] not in _SOMEBODYS
        and word not in GRAMMAR_WORDS and word not in STOP and word not in _PLAIN_WORDS
        and not context.index.is_known(word)
    ]  # fmt: skip
    anchored = _anchored(words, strange, context)
    repaired = list(words)
    for n in strange if len(strange) <= 2 else ():
        near = context.index.nearest_word(words[n])
        if near is None or not (anchored or _much_alike(words[n], near)):
            break
        repaired[n] = near
    else:
        yield " ".join(repaired), 0
    for n in range(len(words) - 1):
        if (n in strange or n + 1 in strange) and STOP.isdisjoint(words[n : n + 2]):
            joined = words[n] + words[n + 1]
            near = joined if context.index.is_known(joined) else context.index.nearest_word(joined, joined=True)
            if near and joined.isalpha() and near not in words[n : n + 2]:
                yield " ".join([*words[:n], near, *words[n + 2 :]]), 1 if near == joined else 0


_PARTICLES = frozenset({"on", "off", "up", "down", "out", "in", "over", "back"})
_FOR_DEVICES = re.compile(
    r"(?:turn|switch|power|flick|flip)\b.* (?:on|off)\b|(?:dock|hoover|vacuum|unlock|mute|unmute)\b"
    r"|"
    r"(?:send|bring) .+ (?:home|back)\b|.+ (?:on|off)"
)


def _much_alike(word: str, other: str) -> bool:
    """Whether a long word that means nothing else begins and sounds like another."""
    return len(word) >= 6 and sound_of(word[0]) == sound_of(other[0]) and fuzz.ratio(word, other) >= 70


def _anchored(words: list[str], strange: list[int], context: Context) -> bool:
    """Whether anything that was heard plainly speaks of the house: "put the bins out" is not "put the blinds out"."""
    plain = (w for n, w in enumerate(words) if n not in strange and w not in STOP and w not in _PARTICLES)
    return any(context.index.is_known(word) for word in plain) or bool(_FOR_DEVICES.match(" ".join(words)))
