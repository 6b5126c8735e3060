"""From a transcript to plain words: lower case, no punctuation but `, . ?`, numbers joined, courtesies gone."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from hub.understanding.clock import join_clock
from hub.understanding.homophones import put_right
from hub.understanding.numbers import join_numbers

MAX_CHARACTERS = 600
MAX_WORDS = 60

_CONTRACTIONS = {
    **{f"{w}'s": f"{w} is" for w in ["what", "where", "who", "how", "it", "that", "there", "when", "here", "he",
        "she"]},
    **{f"{w}'re": f"{w} are" for w in ["what", "we", "you", "they", "where"]},
    **{f"{w}'d": f"{w} would" for w in ["i", "you", "we", "he", "she", "they"]},
    **{f"{w}'ll": f"{w} will" for w in ["i", "you", "we", "he", "she", "they", "it"]},
    **{f"{w}'ve": f"{w} have" for w in ["i", "you", "we", "they"]},
    **{
        f"{w}n't": f"{w} not"
        for w in ["do", "does", "did", "is", "are", "was", "were", "would", "should", "could", "has", "have", "had",
        "need", "must"]
    },
    "i'm": "i am", "that'll": "that will", "there'll": "there will", "let's": "let us", "can't": "can not",
    "long's": "long is",
    "everything's": "everything is", "em": "them",
    "ain't": "is not",
    "won't": "will not", "cannot": "can not",
    "dont": "do not", "thats": "that is", "y'all": "you all", "yall": "you all", "whats": "what is",
    "wanna": "want to", "gonna": "going to", "gimme": "give me", "lemme": "let me",
}  # fmt: skip
# One spelling per thing; names of the house pass through here too, so both sides agree.
SAME = {
    "colour": "color", "grey": "gray", "telly": "tv", "television": "tv", "tele": "tv", "tellies": "tvs",
    "televisions": "tvs", "hoover": "vacuum", "aircon": "ac", "centre": "center", "colours": "colors",
    "goodnight": "good night", "persent": "percent", "pleas": "please", "shutoff": "shut off", "wi-fi": "wifi",
    "okay": "ok", "theatre": "theater", "temp": "temperature", "temps": "temperature",
    "air-con": "ac", "½": "half", "½%": "half percent", "bulbs": "lights", "bulb": "light",
}  # fmt: skip
_WORD = re.compile(r"\d{1,2}:\d\d(?!\d)|[^\W_]+(?:\.\d+)?(?:['&][^\W_]+)*'?|[,.;:!?%°]")
_INITIALS = re.compile(r"\b([a-z])\.([a-z])\.?(?=\W|$)")
_UNIT_BESIDE = re.compile(r"(\d)(am|pm|mins?|minutes?|secs?|seconds?|hours?|hrs?|h|deg|percent)\b")
_REPEATED = re.compile(r"\b(\w+(?: \w+)?)(?: ,)+ \1\b")
_TWICE = re.compile(r"\b(the|my|our|to|for|on|off|up|down) \1\b")
_AGAIN = re.compile(r"\b((?:\w+ ){2,3})\1")
_FILLING = re.compile(
    r"(?<=\b(?:turn|make)) like (?=the|my|that)|(?<=\bswitch) like (?=the|my|that)|(?<=\bevery) last "
    r"|\beach and (?=every\b)"
    # Where the speaker stands, and the room that this is: "down here in the shop".
    r"|(?<=[a-z] )(?:in )?here (?=(?:in|on|at) (?:the|my|our) )"
    r"| (?:, )?(?:let us see|let me see|let me think|how you say|what is it called|what do you call it)(?: ,)? "
    r"| (?:, )?(?<!do )you know(?= (?!if|whether|what|which|how|where|who))(?: ,)? | (?:kind of|kinda|sort of|sorta) "
    r"|(?<=[a-z]) like (?=\d|(?:halfway|half|a (?:bit|little|quarter|third|lot|touch)|all the way|three|two|about)\b)"
    r"| (?:what is it|what is the word|thingy|what do i mean|how do you say"
    r"|(?:the |that )?(?:gadget|gizmo|thing|thingy|thingamajig|thingummy|whatsit|doodah|doofer"
    r"|contraption))(?: ,)? (?=(?:the|my|our) )"
    r"|(?<=\w) (?:(?:hang on|hold on|wait) )?(?:yeah|yep|yup)(?: ,)? (?=(?:on|off|up|down|to|at|for|the|open"
    r"|closed|shut|in)\b)"
    r"| a(?= an? )"
)
# Small words that sound alike, told apart by what stands beside them; numbers are still words here.
_TENS = "(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
_DIGIT = "(?:one|two|three|four|five|six|seven|eight|nine)"
_COUNTED = "(?:seconds?|minutes?|hours?|degrees|percent)"
_NUMERAL = (
    r"(?:\d|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thir|fif|twenty|thirty|forty|fifty|sixty"
    r"|seventy|eighty|ninety|half)"
)
_COLOR = "(?:red|green|blue|yellow|orange|purple|pink|white|warm|cool|cold|half|full)"
_SMALL_WORDS = (
    (re.compile(rf"\bfor for (?={_COUNTED}\b)"), "for four "),
    (re.compile(rf"\btoo (?=(?:the|my|our|a)\b|{_NUMERAL})"), "to "),
    (re.compile(r"\btele vision"), "television"),
    (re.compile(r"\b(can|could|would|will) ya\b"), r"\1 you"),
    (re.compile(r"\bt(?:ea|ee|e)? v(?:ee)?\b"), "tv"),
    (re.compile(r"\bun (?=(?:lock|mute|pause|plug|latch|bolt)(?:s|ed|ing)?\b)"), "un"),
    (re.compile(r"\bde? (?=humidifier)"), "de"),
    (re.compile(rf"\b(timer|alarm|countdown|reminder) (?:four|fore) (?={_NUMERAL})"), r"\1 for "),
    (
        re.compile(
            r"\b(tell (?:me|us)|know|check|see|find out|ask|wonder) weather (?=(?:the|my|our|any|all|it|that|there"
            r"|this|i|we)\b(?! (?:forecast|report)))"
        ),
        r"\1 whether ",
    ),
    (re.compile(r"\b(thir|four|fif|six|seven|eigh|nine) teen\b"), r"\1teen"),
    (re.compile(r"\b(?:for|four) (?:tea|tee|ty)(?= (?:percent|degrees|minutes|seconds)\b)"), "forty"),
    (re.compile(r"\b(thir|fif|six|seven|eigh|nine) (?:tea|tee|ty)(?= (?:percent|degrees|minutes|seconds)\b)"), r"\1ty"),
    (re.compile(r"\bper (?:sent|cent)\b"), "percent"),
    (re.compile(r"(?<=\d%) percent\b"), ""),  # a stutter, as a recogniser writes it
    (re.compile(r"\ban? our\b(?= and|$| and a half)"), "an hour"),
    (re.compile(r"\b(in|for|after) and (hour|half)\b"), r"\1 an \2"),
    (re.compile(rf"(?<=[a-z] )two (?={_TENS} (?:{_DIGIT} )?(?:percent|degrees)\b)"), "to "),
    (re.compile(r"\b(on|off|up|down) end (?=.* (?:on|off|up|down)$)"), r"\1 and "),
    # "The lamp two purple" has no two; a number of its own is followed by its unit or by nothing.
    (re.compile(rf"(?<=[a-z] )two (?={_COLOR}\b)"), "to "),
)
_MARKS = str.maketrans({"-": " ", "\u2014": " , ", "!": ".", ";": "."})
_FILLERS = {"um", "uh", "er", "erm", "hmm", "uhm", "ah", "oh", "mm", "uhh", "umm", "eh"}


def _unaccented(text: str) -> str:
    """Recognisers and people leave accents out, names have them."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))


def _is_time_twice(words: list[str]) -> bool:
    """Whether the same word again is no stutter: "at ten ten"."""
    return words[-1] in ("ten", "eleven", "twelve") and words[-2:-1] in (
        ["at"],
        ["by"],
        ["until"],
        ["till"],
        ["around"],
    )


def plain_words(text: str) -> list[str]:
    """Words and punctuation marks, numbers joined. The same for names of the house and for speech."""
    text = _unaccented(text[:MAX_CHARACTERS]).lower().replace("\u2019", "'").replace("`", "'")
    text = _UNIT_BESIDE.sub(r"\1 \2", _INITIALS.sub(r"\1\2", text))
    words: list[str] = []
    text = text.translate(_MARKS)
    for small, other in _SMALL_WORDS:
        text = small.sub(other, text)
    for found in _WORD.findall(text):
        expanded = _CONTRACTIONS.get(found, found).replace("'", "").replace("&", " and ")
        for word in SAME.get(expanded, expanded).split():
            if word not in _FILLERS and (words[-1:] != [word] or _is_time_twice(words)):
                words.append(word)
    return join_clock(" ".join("," if word == ":" else word for word in join_numbers(words))).split()


@lru_cache(maxsize=16384)
def name_key(name: str) -> str:
    """A name as it is looked for: plain words without punctuation."""
    return " ".join(w for w in plain_words(name) if w not in ",.?")


# "The lamp's too bright" is short for "is"; "Maya's lamp" is not.
_IS_SHORT = re.compile(
    r"(\b\w+)['\u2019]s(?= (?:a (?:bit|little|touch|tad)|too|so|very|really|way too|far too"
    r"|not|been|getting|gone|still|here"
    r"|coming|making|blinding|playing|running|burning|freezing|boiling|giving|hurting|killing"
    r"|driving|right in|all|got|had|asleep|awake|ready|on (?:the way|fire|too)"
    r"|(?!lighting|ceiling|heating|reading|evening|morning|landing|bedding|dining|living|sewing|fishing)\w{3,}ing"
    r"(?= (?:the|my|our|your|me|us|it|him|her|them|a|an|in|on|at|up|down|out|off|through|all|again|so|like|too"
    r"|that|this)\b)"
    r"|(?:in|at|on|under|over|behind|by|near|inside) (?:the|my|our|your|his|her|a|an|here|there)|the|a|an|my|our"
    r"|no|such"
    r"|plenty|lots|enough|after [a-z]+ing|(?:burst|broken|broke|jammed|flooded|leaking|overflowing|smoking"
    r"|tripped|fallen|(?:bone )?dry|soaking)(?=[ ,.]|$)"
    r"|(?:finished|done|stopped|ended)(?= |$)|(?:scared|steamed|bored|soaked|baked|frozen|fogged|misted|filthy"
    r"|cold|hot|chilly|freezing|awake|poorly|sick|tired"
    r"|ill|back|home|hungry|thirsty|glaring|upset|crying|dusty|muddy|stuffy|late)(?= (?:(?:up|down|again|now|out)"
    r" )?(?:put|turn|get|give|make|set|switch|open|close|shut|dim|bring|warm|run|start|can|could|please|pop|stick|$))"
    r"|always|just|about to|locked|unlocked|shut|closed|(?:on|off|open|up|out|gone|back|here)$"
    r"|(?!lighting|ceiling|heating|reading|evening|morning|thing|string|swing|spring|sling)\w{2,}ing$)\b)",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    r"\b(some|any|every)(body|one)['\u2019]s(?= (?:left|got|had|been|forgotten"
    r"|put|turned|locked|opened)\b)",
    re.IGNORECASE,
)

_SOMEBODY_IS = re.compile(r"\b(some|any|every|no)(body|one)['\u2019]s(?= \w)", re.IGNORECASE)


def normalise(text: str) -> tuple[str, bool]:
    """The utterance in plain words, and whether it ended as a question."""
    return _normalised(text[:MAX_CHARACTERS])


# One sentence is asked for several times while it is weighed.
@lru_cache(maxsize=256)
def _normalised(text: str) -> tuple[str, bool]:
    text = _SOMEBODY_IS.sub(r"\1\2 is", _SOMEBODY.sub(r"\1\2 has", put_right(text.lower())))
    words = plain_words(_IS_SHORT.sub(r"\1 is", text))[: MAX_WORDS + 20]
    plain = _REPEATED.sub(r"\1", _AGAIN.sub(r"\1", _TWICE.sub(r"\1", _FILLING.sub(" ", " ".join(words)))))
    plain = _PUT_RIGHT.sub(r"\1 ", _HUNDRED.sub(r"\1 1\2", _in_the_same_unit(plain)))
    return plain.strip(" ,.?"), plain.endswith("?")


# "Water heater to one thirty": no clock is set to it.
_HUNDRED = re.compile(r"\b(to) 1 (\d\d)(?=(?:°f?)?(?: |$))")
# "To twenty, er, thirty percent": the second is meant.
_PUT_RIGHT = re.compile(r"\b(to|at) \d{1,3} (?=\d{1,3}(?:%|°))")
_IN_BARE = re.compile(r"\bin (\d{1,3})(?= and | , |$)")
_IN_S = re.compile(r"\bin (\d+)s\b")


def _in_the_same_unit(plain: str) -> str:
    """A bare number after "in" has the unit of the one before it: "the fan in twenty minutes and the lamp in ten"."""
    before = _IN_S.search(plain)
    if before is None:
        return plain
    unit = 3600 if int(before[1]) % 3600 == 0 else 60
    return plain[: before.end()] + _IN_BARE.sub(lambda found: f"in {int(found[1]) * unit}s", plain[before.end() :])


def as_said(phrase: str, said: str) -> str:
    """The speaker's own words for a phrase of the plain text: "radio four", not "radio 4".

    Args:
        phrase: some words of the plain text, in order.
        said: the whole transcript.
    """
    plain, wanted = plain_words(said), phrase.split()
    starts = (n for n in range(len(plain)) if plain[n : n + len(wanted)] == wanted)
    start = next(starts, None)
    if start is None:
        return phrase
    words = re.sub(r"[^\w%°.'& ]+", " ", said.lower().replace("\u2019", "'")).split()
    before, after = plain[:start], plain[start + len(wanted) :]
    firsts = [n for n in range(len(words)) if _spoken(words[:n]) == _spoken(before)]
    lasts = [n for n in range(1, len(words) + 1) if _spoken(words[n:]) == _spoken(after)]
    return " ".join(words[firsts[-1] : lasts[0]]).strip(" .") if firsts and lasts and firsts[-1] < lasts[0] else phrase


def _spoken(words: list[str]) -> list[str]:
    return [w for w in plain_words(" ".join(words)) if w not in ",.?"]
