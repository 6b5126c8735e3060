"""From a transcript to plain words: lower case, no punctuation but `, . ?`, numbers joined, courtesies gone."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from hub.understanding.clock import join_clock
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
    "wanna": "want to", "gonna": "going to",
}  # fmt: skip
# One spelling per thing; names of the house pass through here too, so both sides agree.
_SAME = {
    "colour": "color", "grey": "gray", "telly": "tv", "television": "tv", "tele": "tv", "tellies": "tvs",
    "televisions": "tvs", "hoover": "vacuum", "aircon": "ac", "centre": "center", "colours": "colors",
    "goodnight": "good night", "persent": "percent", "pleas": "please", "shutoff": "shut off", "wi-fi": "wifi",
    "okay": "ok", "theatre": "theater",
    "air-con": "ac", "½": "half", "½%": "half percent", "bulbs": "lights", "bulb": "light",
}  # fmt: skip
_WORD = re.compile(r"\d{1,2}:\d\d(?!\d)|[^\W_]+(?:\.\d+)?(?:['&][^\W_]+)*'?|[,.;:!?%°]")
_INITIALS = re.compile(r"\b([a-z])\.([a-z])\.?(?=\W|$)")
_UNIT_BESIDE = re.compile(r"(\d)(am|pm|mins?|minutes?|secs?|seconds?|hours?|hrs?|h|deg|percent)\b")
_REPEATED = re.compile(r"\b(\w+(?: \w+)?)(?: ,)+ \1\b")
_AGAIN = re.compile(r"\b((?:\w+ ){2,3})\1")
_FILLING = re.compile(
    r"(?<=\b(?:turn|make)) like (?=the|my|that)|(?<=\bswitch) like (?=the|my|that)|(?<=\bevery) last "
    r"| (?:, )?(?:let us see|let me see|let me think|how you say|what is it called|what do you call it)(?: ,)? "
    r"| (?:, )?(?<!do )you know(?= (?!if|whether|what|which|how|where|who))(?: ,)? | (?:kind of|kinda|sort of|sorta) "
    r"|(?<=\b(?:to|at)) like (?=\d)|(?<=\bfor) like (?=\d)| a(?= an? )"
)
# Small words that sound alike, told apart by what stands beside them; numbers are still words here.
_COUNTED = "(?:seconds?|minutes?|hours?|degrees|percent)"
_NUMERAL = (
    r"(?:\d|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thir|fif|twenty|thirty|forty|fifty|sixty"
    r"|seventy|eighty|ninety|half)"
)
_COLOR = "(?:red|green|blue|yellow|orange|purple|pink|white|warm|cool|cold|half|full)"
_SMALL_WORDS = (
    (re.compile(rf"\bfor for (?={_COUNTED}\b)"), "for four "),
    (re.compile(rf"\btoo (?=(?:the|my|our|a)\b|{_NUMERAL})"), "to "),
    (re.compile(r"\bper (?:sent|cent)\b"), "percent"),
    (re.compile(r"\b(on|off|up|down) end (?=.* (?:on|off|up|down)$)"), r"\1 and "),
    # "The lamp two purple" has no two; a number of its own is followed by its unit or by nothing.
    (re.compile(rf"(?<=[a-z] )two (?={_COLOR}\b)"), "to "),
)
_MARKS = str.maketrans({"-": " ", "\u2014": " , ", "!": ".", ";": "."})
_FILLERS = {"um", "uh", "er", "erm", "hmm", "uhm", "ah", "oh", "mm", "uhh", "umm"}
_LEAD = re.compile(
    r"^(?:(?:(?:ta|thanks|thank you|cheers|lovely|great|perfect|brilliant|nice|awesome|cool)(?="
    r" (?:,|and|so|now|then|can|could|please"
    r"|turn|switch|set|put|lock|close|open|dim|play|pause|stop|add|start) )|try (?:it|that)"
    r" again|(?:of )?course(?= you can)|hey|hi|hello|ok|alright|right(?= (?:,|so|then|now|can"
    r"|could|please|turn|switch|let))|yes|like|you"
    r" know|hang on|yeah|so|well|now|and|then|please|kindly|just|actually|quickly|possibly|perhaps|maybe"
    r"|go ahead and|let us|listen(?! to\b)|assistant|roomtone|alexa|nabu|jarvis|can you|could you"
    r"|would you|will you|can you just|computer"
    r"|would you mind|do you mind|do me a favou?r and|i want you to|i would like you to|i need you to"
    r"|would you be able to|i was wondering if you could|any chance you could|be sure to|make sure to"
    r"|be so kind as to|be a dear and|you (?:all )?can|you (?:all )?could|are you able to|is"
    r" it possible to|try to|for me"
    r"|(?:can|could|will|would) (?:someone|somebody|anyone|anybody|one of you|you guys|you please)"
    r"|be an? (?:love|darling|dear|angel|sweetheart|star|legend|doll|good (?:boy|girl|lad|man))"
    r" and"
    r"|do us a favou?r and|why do not you|do you think you could|would it be possible to|if you (?:could|would)"
    r"|when you get a (?:chance|minute|moment|sec|second)|i would appreciate it if you(?: could| would)?"
    r"|i would be grateful if you(?: could| would)?|you had better|we had better|you need to|i am going to need you to"
    r"|(?:somebody|someone|anybody|anyone)(?= (?:please |just )?(?:turn|switch|put|close|open"
    r"|shut|lock|dim|get|stick|pop) )"
    r"|i want to|i would like to|i need to|help me"
    r")(?: ,)? )+(?=.)"
)
_TAIL = re.compile(
    r"(?: ,)? (?:please|please and thank you|and thank you|thanks|thank you|thank you very much"
    r"|thanks a lot|cheers|right now|now|straight away|at once"
    r"|immediately|for me|for us|ok|if you can|if you could|if you would|if you do not mind|would you|will you"
    r"|could you"
    r"|can you|kindly|again please|as well please|right away|quickly|quick|sharpish|pronto|mate|buddy|real quick|like"
    r"|if you would be so kind|if you please|and that is it|that is it|that is all|pls|pleas"
    r"|already|guys|everyone|everybody|this minute|for (?:tonight|now)|overnight|a s a p|asap"
    r"|when you can|when you get a chance|so much|ta|love|yeah|darling|dear|pet|duck|sweetie"
    r"|sweetheart|babe|honey|pal|bro|bud|my love|my dear|there is a love"
    r"|if it is not too much trouble|be a love|will ya|then|man|dude|hun|all right"
    r"|would ya|or whatever|i guess)$"
)
_GERUND = {"turning": "turn", "switching": "switch", "closing": "close", "opening": "open", "dimming": "dim",
           "setting": "set", "putting": "put", "locking": "lock", "making": "make", "shutting": "shut",
           "starting": "start", "stopping": "stop", "playing": "play", "pausing": "pause"}  # fmt: skip
# What somebody wants tonight is wanted now; what is to be done tonight has a time that no clock can tell.
_WANTED_TONIGHT = re.compile(r"^((?:i|we) (?:want|would like|need) .+ (?:on|off|open|closed|shut)) tonight$")
_ASK_GERUND = re.compile(r"^(?:(?:would|do) you|you all|any of you) mind (\w+)")


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
        for word in _SAME.get(expanded, expanded).split():
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
    r"|always|just|about to|locked|unlocked|shut|closed|(?:on|off|open|up|out|gone|back|here)$"
    r"|(?!lighting|ceiling|heating|reading|evening|morning)\w{3,}ing$)\b)",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    r"\b(some|any|every)(body|one)['\u2019]s(?= (?:left|got|had|been|forgotten"
    r"|put|turned|locked|opened)\b)",
    re.IGNORECASE,
)

_SOMEBODY_IS = re.compile(r"\b(some|any|every)(body|one)['\u2019]s(?= \w)", re.IGNORECASE)

_CALL = re.compile(r"^(?:(?:hey|hi|hello|ok|alright|right|so|well|and|then|now|alexa|eh|assistant|roomtone) (?:, )?)+")
_REQUEST = re.compile(
    r"(?:can|could|would|will|do) you\b|(?:can|could|may) (?:i|we) (?:have|get)\b"
    r"|(?:can|could) (?:the|my|our|all|both|that|this|those|these) .+? (?:be|go|come)\b"
    r"|(?:, )?(?:please|(?:can|could|would|will) you)$|please"
)


def is_request(text: str) -> bool:
    """Whether a question mark belongs to a polite request ("Could you turn on the lamp?")."""
    return bool(_REQUEST.match(_CALL.sub("", text)) or _REQUEST.search(text[-12:]))


# "Pause it for a second" is a figure of speech: nobody wants it to go on by itself a second later.
_A_MOMENT = re.compile(
    r"^((?:(?:can|could|would|will) you |please |just |(?:tell|ask|get) [a-z ]+? to )*(?:pause"
    r"|hold on|hang on|wait|hold|stop|mute|silence|freeze|quieten)\b.*?)"
    r" (?:(?:for|just) )*(?:a (?:moment|mo|tick|bit|while|minute)|1s|60s)(?= please$|$)"
)


def without_courtesy(text: str) -> str:
    """Take politeness off both ends, until nothing more comes off."""
    asked = _ASK_GERUND.match(text)
    if asked and asked[1] in _GERUND:
        text = _GERUND[asked[1]] + text[asked.end() :]
    text = _WANTED_TONIGHT.sub(r"\1", _A_MOMENT.sub(r"\1", text))
    while True:
        shorter = _TAIL.sub("", _LEAD.sub("", text)).strip(" ,.?")
        if shorter == text:
            return text
        text = shorter


def normalise(text: str) -> tuple[str, bool]:
    """The utterance in plain words, and whether it ended as a question."""
    text = _SOMEBODY_IS.sub(r"\1\2 is", _SOMEBODY.sub(r"\1\2 has", text[:MAX_CHARACTERS]))
    words = plain_words(_IS_SHORT.sub(r"\1 is", text))[: MAX_WORDS + 20]
    plain = _REPEATED.sub(r"\1", _AGAIN.sub(r"\1", _FILLING.sub(" ", " ".join(words))))
    plain = _HUNDRED.sub(r"\1 1\2", _in_the_same_unit(plain))
    return plain.strip(" ,.?"), plain.endswith("?")


# "Water heater to one thirty": no clock is set to it.
_HUNDRED = re.compile(r"\b(to) 1 (\d\d)(?=(?:°f?)?(?: |$))")
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
