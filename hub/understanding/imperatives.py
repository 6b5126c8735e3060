"""A commitment as the command it comes to: "I've dimmed the lamp to twenty percent" is "dim the lamp to 20 percent".

So names, numbers and repairs are understood in one place, the parser of requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.understanding.lexicon import COLORS, KELVINS
from hub.understanding.stance import Kind, Stance
from hub.understanding.verbs import Form, base_of, is_verb

_NOW = r"(?:(?:now|all|just|also|both|back|currently|already|finally|safely|officially|fully|completely|nicely) )*"
_IS = r"(?:(?:is|are|has|have|is being|are being|has been|have been|is getting|are getting|will be|should be) )?"
_THING = re.compile(rf"(?P<t>.+?) {_IS}{_NOW}(?:being |been )?(?P<w>[a-z]+)(?P<r>(?: .+)?)")
_PARTICLE = r"(?:back )?(?:on|off|up|down|out|in|open|shut|closed)"
_GOES = re.compile(
    rf"(?P<t>.+?) {_IS}{_NOW}(?:going|coming|turning|getting|heading|gone|come|changing|switching|moving|fading)"
    rf" (?P<r>.+)"
)
_COLOR = rf"(?:{'|'.join(sorted((*COLORS, *KELVINS), key=len, reverse=True))})"
_RESULTS = (
    # (shape, command); the first that fits stands
    (re.compile(rf"(?P<t>.+?) (?:is |are |has been |have been )?{_NOW}(?:added )?(?:on|onto|to) (?P<l>(?:the"
                rf"|your|our) .*(?:list|groceries))"),
     "add {t} to {l}"),
    (re.compile(rf"(?P<t>.+?) (?:is |are |has been |have been )?{_NOW}(?:taken |removed |crossed )?(?:off|from)"
                rf" (?P<l>(?:the|your|our) .*list)"),
     "remove {t} from {l}"),
    (re.compile(r"(?P<t>.+ (?:seconds?|minutes?|hours?)(?: .+)?) (?:(?:is |are )?(?:now )?on (?:the|your) (?:clock"
                r"|timer)|(?:, )?(?:starting|beginning|counting) (?:right )?(?:now|down)|(?:, )?and counting)"),
     "set a timer for {t}"),
    (re.compile(r"(?P<t>.*\btimer(?: for .+)?) (?:is |has been )?(?:now )?(?:running|started|starting|set|going"
                r"|on|ticking|counting down|counting|in progress)(?: now)?(?P<r> .+)?"),
     "start {t}{r}"),
    (re.compile(rf"(?P<t>.+?) {_IS}{_NOW}(?:set |up |down )?(?:to|at) (?P<r>.+)"), "set {t} to {r}"),
    (re.compile(rf"(?P<t>.+?) {_IS}{_NOW}(?P<r>(?:on|off)(?: .+)?)"), "turn {t} {r}"),
    (re.compile(rf"(?P<t>.+?) {_IS}{_NOW}open(?P<r>(?: .+)?)"), "open {t}{r}"),
    (re.compile(rf"(?P<t>.+?) {_IS}{_NOW}(?:closed|shut)(?P<r>(?: .+)?)"), "close {t}{r}"),
    (re.compile(rf"(?P<t>.+?) {_IS}{_NOW}out"), "turn {t} off"),
    (re.compile(rf"(?P<t>.+?) {_IS}{_NOW}(?P<r>up|down)"), "turn {t} {r}"),
    (re.compile(r"(?P<t>.+?)(?: scene| mode| routine)? (?:it is|is active|is live|active|engaged|activated|is go"
                r"|coming up|coming right up)"),
     "activate {t}"),
    (re.compile(rf"(?P<t>.+?) {_IS}{_NOW}(?P<r>(?:(?:a (?:bit|little|touch|tad|notch)|slightly|much|a lot|way)"
                rf" )?(?:brighter|dimmer|darker|lighter|warmer|cooler|hotter|colder|louder|quieter|softer|faster"
                rf"|slower|higher|lower|{_COLOR})(?: .+)?)"),
     "make {t} {r}"),
)  # fmt: skip
# A thing, or a robot, that is about to do something by itself.
_WILL = re.compile(
    r"(?P<t>(?:[a-z0-9']+ ){1,5}?)(?:will(?: be)?|(?:is|are) (?:going|about|off|set|setting off|heading off"
    r"|on (?:his|her|its|the) way) to) (?P<v>[a-z]+)(?P<r>(?: .+)?)"
)
_SUBJECT = re.compile(r"^(they|he|she) (?=(?:is|are|has|have|will)\b)")
_OBJECT = {"they": "them", "he": "him", "she": "her"}
_DOCK = re.compile(
    r"(?:(?:to|on|back|back to|home to|back home to) )?(?:(?:the|its|his|her|their) )?(?:home|base|dock|charger"
    r"|station|charging station|back)\b.*"
)
_TRAILING = re.compile(
    r"(?: ,)? (?:(?:starting|beginning|effective|as of) (?:right )?(?:now|away|immediately)"
    r"|right now|right away|straight away|at once|immediately|for (?:you|us|me)(?: now| all| both)?"
    r"|now|too|as well|also|then|there|already|or so|or thereabouts|maybe|perhaps"
    r"|in (?:a|one|just a|about a) (?:second|sec|moment|minute|jiffy|tick|flash|bit|couple of seconds)|as (?:you"
    r" )?(?:asked|requested"
    r"|wished|ordered|usual|said|wish|like|promised|instructed|desired|you wanted)|(?:like|just like) you"
    r" (?:asked|wanted|said|like)"
    r"|(?:as )?per your request|at your (?:request|command|service)|sir|my friend|one moment|one second"
    r"|momentarily|shortly|gently"
    r"|slowly|quickly|nicely|nice and \w+|for (?:the|your) (?:night|evening|movie|film|party|guests|show|moment"
    r"|time being)|for now"
    r"|while (?:you|we|i|they) .+|so (?:that )?(?:you|we|it|they|the|everyone|nobody|no one|things) .+|because"
    r" .+|since .+"
    r"|for (?:a (?:(?:little|short) )?(?:while|bit|moment|time)|an hour or so)"
    r"|for (?:a (?:bit|little|touch|spot) of|some|more|better|extra|added|maximum) \w+(?: \w+)?|to (?:help|keep"
    r"|let|save|give|suit|match"
    r"|make (?:it|things|sure)|set the|get (?:things|you|us|it)) .+|and (?:enjoy|you|that is|let me|have a|sleep"
    r"|we are) .*|and that"
    r"|just (?:now|for you|like that)|once more|this instant|this minute|successfully|as we speak|a moment ago"
    r"|please|thanks"
    r"|(?:and )?(?:it|that) (?:will|should) .+)$"
)
_NEXT_VERB = re.compile(r"( (?:and|then|,|and then|and also|, and|, then) )([a-z]+)(?= )")
_THE = re.compile(r"\b(?:your|our)\b")
_RIGHT = re.compile(r"\b(?:right|all the way) (?=(?:up|down|off|back)\b)")


def imperatives(stance: Stance) -> Iterator[str]:
    """Commands that a commitment or a resulting state may come to, the likeliest first; each text once."""
    seen: set[str] = set()
    for command in _commands(stance):
        for text in _trimmed(_RIGHT.sub("", _THE.sub("the", command))):
            if text and text not in seen:
                seen.add(text)
                yield text


_LASTS = re.compile(r"(?:seconds?|minutes?|hours?)(?: and (?:a half|a quarter|[a-z ]+ (?:seconds?|minutes?)))?$")


def ellipses(stance: Stance) -> Iterator[str]:
    """Commands that a clause without a verb comes to only where they were asked for: "projector to games"."""
    if stance.kind is not Kind.STATE:
        return
    words = _THE.sub("the", stance.words)
    if _LASTS.search(words):
        yield f"set a timer for {words}"
    yield words


def _commands(stance: Stance) -> Iterator[str]:
    words = stance.words
    if stance.form is not None:
        yield _imperative(words, stance.form)
        if stance.form is not Form.BASE:
            yield from _things(words)  # a name may begin like a verb ("leaving home scene activated")
    elif stance.kind is Kind.OFFER and words:
        first = words.partition(" ")[0]
        form = Form.ING if base_of(first, Form.ING) else Form.BASE
        yield _imperative(words, form)
    elif stance.kind in (Kind.STATE, Kind.FIGURE):
        yield from _things(words)


def _imperative(words: str, form: Form) -> str:
    """The clause with its verbs in their base form."""
    first, _, rest = words.partition(" ")
    forms = (Form.PARTICIPLE, Form.PAST) if form in (Form.PARTICIPLE, Form.PAST) else (form,)
    base = base_of(first, *forms) or first
    made = base if base in ("have", "get", "make") else None
    text = f"{base} {rest}".strip()
    if made:
        text = _had(text)
    if form is Form.BASE:
        return text

    def again(found: re.Match[str]) -> str:
        return found[1] + (base_of(found[2], *forms) or found[2])

    return _NEXT_VERB.sub(again, text)


_HAD = re.compile(r"(?:have|get) (?P<t>.+?) (?P<w>[a-z]+)(?P<r>(?: .+)?)")
_MADE_SURE = re.compile(r"(?:make|get) sure (?:that )?(?P<r>.+)")


def _had(text: str) -> str:
    """Turn "have the lamp dimmed to 20" and "make sure the door is locked" into their own verbs."""
    sure = _MADE_SURE.fullmatch(text)
    if sure:
        return next(_things(sure["r"]), text)
    for found in _spans(_HAD, text):
        base = base_of(found["w"], Form.PARTICIPLE)
        if base and found["t"].strip():
            return f"{base} {found['t']}{found['r']}"
    return text


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[dict[str, str]]:
    """Every way in which the words after the thing may begin with a verb: shortest thing first."""
    words = text.split(" ")
    for cut in range(2, len(words)):
        found = pattern.fullmatch(" ".join(words[: cut + 1]))
        if found:
            rest = " ".join(words[cut + 1 :])
            yield {"t": " ".join(words[1:cut]), "w": words[cut], "r": f" {rest}" if rest else ""}


_AUXILIARY = frozenset(
    [
        "is",
        "are",
        "has",
        "have",
        "been",
        "being",
        "now",
        "all",
        "just",
        "also",
        "both",
        "back",
        "will",
        "be",
        "getting",
        "currently",
        "already",
    ]
)


def _things(words: str) -> Iterator[str]:
    """Commands for a clause about a thing: passive, moving, or in its new state."""
    words = _SUBJECT.sub(lambda found: f"{_OBJECT[found[1]]} ", words)
    will = _WILL.fullmatch(words)
    if will and is_verb(will["v"], Form.BASE):
        yield f"{will['v']} {will['t'].strip()}{will['r']}"
        yield f"have {will['t'].strip()} {will['v']}{will['r']}"
    goes = _GOES.fullmatch(words)
    if goes:
        yield from _going(goes["t"], goes["r"])
    yield from _passive(words)
    for shape, command in _RESULTS:
        found = shape.fullmatch(words)
        if found:
            parts = {key: part or "" for key, part in found.groupdict().items()}
            yield command.format(**{"r": "", **parts})
    if words.partition(" ")[0] in ("next", "previous"):
        yield words


def _going(thing: str, where: str) -> Iterator[str]:
    if _DOCK.fullmatch(where):
        yield f"send {thing} home"
    found = re.fullmatch(rf"({_PARTICLE})((?: .+)?)", where)
    if found:
        particle = found[1].removeprefix("back ")
        yield {"open": f"open {thing}", "shut": f"close {thing}", "closed": f"close {thing}"}.get(
            particle, f"turn {thing} {particle}"
        ) + found[2]
    if where.startswith(("to ", "at ")):
        yield f"set {thing} {where}"
    yield f"make {thing} {where}"


def _passive(words: str) -> Iterator[str]:
    """Take "the lamp is dimming", "the lamp has been dimmed to 20", "lamp dimmed" for their verb."""
    parts = words.split(" ")
    for cut in range(1, len(parts)):
        base = base_of(parts[cut], Form.PARTICIPLE, Form.ING)
        if base is None or (parts[cut] in ("open", "set", "go", "come") and cut + 1 == len(parts)):
            continue
        thing = parts[:cut]
        while thing and thing[-1] in _AUXILIARY:
            thing.pop()
        rest = " ".join(parts[cut + 1 :])
        if not thing:
            continue
        if base in ("dock", "send") or (base == "return" and _DOCK.fullmatch(rest)):
            yield f"dock {' '.join(thing)}"
        particle = re.match(r"(?:back )?(?:on|off|up|down|out|in)\b(?! the\b)", rest)
        if particle:
            yield f"{base} {' '.join(thing)} {rest}"
        yield f"{base} {' '.join(thing)} {rest}".strip()


def _trimmed(text: str) -> Iterator[str]:
    """The command as it stands, then without what is said to please."""
    yield text
    while True:
        shorter = _TRAILING.sub("", text).strip(" ,")
        if shorter == text or " " not in shorter:
            if shorter != text:
                yield shorter
            return
        text = shorter
        yield text
