"""What is said beside a request and asks for nothing: "it's dark in here", "I'm going to bed"."""

from __future__ import annotations

import re

from hub.understanding.target import PRONOUNS

_HOW = (
    r"(?: (?:getting|really|so|very|too|a bit|a little|quite|pretty|rather|just|all|still|far too|way too|absolutely))*"
)
_STATE = (
    r"(?:dark|black|pitch (?:black|dark)|cold|hot|warm|cool|steamy|stuffy|bright|loud|noisy"
    r"|chilly|freezing|boiling|late|humid|raining|windy|sunny"
    r"|gloomy|dim|stinky|smelly|dusty|dirty|filthy|messy|muggy|baking|sweltering|roasting|quiet|bedtime|dinner"
    r" time|early"
    r"|sweating|shivering|tired|home|back|hungry|sleepy|bored|ready|done|off to bed|up|leaving|cooking|reading|working"
    r"|going (?:to (?:bed|sleep|work)|out|home|away|upstairs|downstairs)|heading (?:out|off|to bed|home|upstairs)"
    r"|(?:leaving|watching|having|making|starting|cooking) [a-z ]{2,24})"
)
_WHERE = (
    r"(?: (?:in|on) (?:here|the (?:[a-z]+ ){0,2}[a-z]+|this room)| here| outside| now| tonight| today| again| already)*"
)
_REMARK = re.compile(
    rf"(?:it is|its|is(?= (?:too|so) )|it feels|this (?:room|place) is|the [a-z]+ is|i am|we"
    rf" are|i feel){_HOW} {_STATE}{_WHERE}"
    r"|i (?:can not|can barely|can hardly) (?:see|hear)(?: (?:anything|a thing|you|it|myself))?(?: in here)?"
    rf"|is it (?:just |only )?me or is it{_HOW} {_STATE}{_WHERE}"
    r"|good (?:night|morning|evening|afternoon)|hello|thanks|thank you|please|bedtime|ok|yes|sorry|alright|now"
    r"|i (?:need|want) to (?:sleep|read|work|cook|relax|focus)|time (?:for bed|to sleep)|dinner is ready"
    r"|we have (?:guests|visitors|company)|(?:somebody|someone) is at the door|the baby is asleep|oh no|you know what"
    r"|guess what|i think|that (?:will do|is (?:enough|better|fine|plenty))|much better|perfect"
    r"|great|nice|well done|good job"
)
# What it is time for, called out behind a request that is over: "telly off, dinner".
_OCCASION = re.compile(
    r"(?:breakfast|lunch|dinner|tea|supper|bed|bedtime|bath|school|homework|food)(?: time)?"
    r"(?: (?:everyone|everybody|kids|children|guys|you all))?"
)
_OVER = frozenset({"on", "off", "up", "down", "open", "closed", "shut", "please", ","})
_NO_BEGINNING = frozenset(
    [
        "in",
        "on",
        "at",
        "for",
        "to",
        "from",
        "with",
        "of",
        "by",
        "because",
        "here",
        "there",
        "if",
        "when",
        "scene",
        "mode",
        "routine",
    ]
)
_JOINT = re.compile(r"^(?:(?:,|\.|and|so|please|then|can you|could you|would you) )+")


_REASON = re.compile(
    r" (?:, )?(?:(?:it is|its(?! (?:highest|lowest|top|slowest|fastest|maximum|minimum|own|usual)\b)|we are|i am"
    r"|there is|because|cause|since (?:it|i|we)) (?!not\b).+|(?:some|that"
    r"|this) .+ would be nice"
    r"|for (?:halloween|christmas|easter|dinner|the (?:rest of the )?(?:[a-z]+ )?(?:party|match"
    r"|barbecue|film|movie|game|night|evening|day|guests|kids|baby|dog"
    r"|cat)))$"
)
_TOLD = re.compile(
    r"\b(?:not|never|to|said|says|called|named|titled|reads|told|asked|who|that|if|when|will"
    r"|would|could|should|must|might|and|he|she|they|you|going)\b"
)
_OPENING = re.compile(
    r"(?:it is|its|i have got|i have a|i am|we are|we have|there is|the [a-z ]+? (?:is|are)|[a-z]+ (?:is|are)) "
)
_VERBS = frozenset(
    [
        "turn",
        "switch",
        "set",
        "put",
        "dim",
        "open",
        "close",
        "shut",
        "lower",
        "raise",
        "stick",
        "make",
        "crank",
        "get",
        "pause",
        "mute",
        "stop",
        "start",
    ]
)


def without_reason(text: str) -> str | None:
    """A request without the reason at its end ("its blinding me"); None where none is given."""
    found = _REASON.search(text)
    return text[: found.start()].strip(" ,") if found and found.start() else None


def after_statement(text: str) -> str | None:
    """The request after a plain statement of fact; None where the text is no such pair, or somebody is quoted."""
    if not _OPENING.match(text):
        return None
    words = text.split()
    start = next((n for n in range(3, len(words) - 1) if words[n] in _VERBS), None)
    if start is None or not PRONOUNS.isdisjoint(words[start:]):
        return None  # "them" may be what the statement speaks of, or not
    return None if _TOLD.search(" ".join(words[:start])) else " ".join(words[start:])


def without_last_remark(text: str) -> str | None:
    """A request without the remark after it ("raise the shades, good morning"); None where there is none."""
    words = text.split()
    for start in range(2, len(words)):
        last = " ".join(words[start:])
        if _REMARK.fullmatch(last) or (words[start - 1] in _OVER and _OCCASION.fullmatch(last)):
            return " ".join(words[:start]).strip(" ,.")
    return None


def is_remark(text: str) -> bool:
    """Whether a piece asks for nothing."""
    return bool(_REMARK.fullmatch(text))


def without_remark(text: str) -> str | None:
    """The rest after a remark at the beginning; None where there is no remark, or nothing after it."""
    words = text.split()
    if is_remark(text):
        return None
    for end in range(len(words) - 1, 0, -1):
        if _REMARK.fullmatch(" ".join(words[:end]).rstrip(" ,.")):
            rest = _JOINT.sub("", " ".join(words[end:]).lstrip(" ,."))
            if words[end - 1] in ("see", "hear") and rest.startswith(("the ", "my ", "our ")):
                return None  # what cannot be heard is no remark any more
            return rest if rest and rest.split()[0] not in _NO_BEGINNING else None
    return None
