"""From a transcript to plain words: lower case, no punctuation but `, . ?`, numbers joined, courtesies gone."""

from __future__ import annotations

import re
import unicodedata

from hub.understanding.clock import join_clock
from hub.understanding.numbers import join_numbers

MAX_CHARACTERS = 600
MAX_WORDS = 60

_CONTRACTIONS = {
    **{f"{w}'s": f"{w} is" for w in ["what", "where", "who", "how", "it", "that", "there", "when", "here"]},
    **{f"{w}'re": f"{w} are" for w in ["what", "we", "you", "they", "where"]},
    **{f"{w}'d": f"{w} would" for w in ["i", "you", "we", "he", "she", "they"]},
    **{f"{w}'ll": f"{w} will" for w in ["i", "you", "we", "he", "she", "they", "it"]},
    **{f"{w}'ve": f"{w} have" for w in ["i", "you", "we", "they"]},
    **{
        f"{w}n't": f"{w} not"
        for w in ["do", "does", "did", "is", "are", "was", "were", "would", "should", "could", "has", "have", "had",
        "need", "must"]
    },
    "i'm": "i am", "let's": "let us", "can't": "can not", "long's": "long is",
    "everything's": "everything is", "em": "them",
    "ain't": "is not",
    "won't": "will not", "cannot": "can not",
    "dont": "do not", "whats": "what is", "wanna": "want to", "gonna": "going to",
}  # fmt: skip
# One spelling per thing; names of the house pass through here too, so both sides agree.
_SAME = {
    "colour": "color", "grey": "gray", "telly": "tv", "television": "tv", "tele": "tv", "tellies": "tvs",
    "televisions": "tvs", "hoover": "vacuum", "aircon": "ac", "centre": "center", "colours": "colors",
    "goodnight": "good night", "shutoff": "shut off", "wi-fi": "wifi", "okay": "ok", "theatre": "theater",
    "air-con": "ac", "½": "half", "½%": "half percent", "bulbs": "lights", "bulb": "light",
}  # fmt: skip
_WORD = re.compile(r"\d{1,2}:\d\d(?!\d)|[^\W_]+(?:\.\d+)?(?:['&][^\W_]+)*'?|[,.;:!?%°]")
_INITIALS = re.compile(r"\b([a-z])\.([a-z])\.?(?=\W|$)")
_UNIT_BESIDE = re.compile(r"(\d)(am|pm|mins?|minutes?|secs?|seconds?|hours?|hrs?|h|deg|percent)\b")
_REPEATED = re.compile(r"\b(\w+(?: \w+)?)(?: ,)+ \1\b")
_AGAIN = re.compile(r"\b((?:\w+ ){2,3})\1")
_FILLING = re.compile(
    r" (?:, )?(?<!do )you know(?= (?!if|whether|what|which|how|where|who))(?: ,)? | (?:kind of|kinda|sort of|sorta) "
    r"|(?<=\b(?:to|at)) like (?=\d)|(?<=\bfor) like (?=\d)| a(?= an? )"
)
_MARKS = str.maketrans({"-": " ", "\u2014": " , ", "!": ".", ";": "."})
_FILLERS = {"um", "uh", "er", "erm", "hmm", "uhm", "ah", "oh", "mm", "uhh", "umm"}
_LEAD = re.compile(
    r"^(?:(?:hey|hi|hello|ok|alright|right(?= (?:,|so|then|now|can|could|please|turn|switch|let))|yes|like|you"
    r" know|hang on|yeah|so|well|now|and|then|please|kindly|just|actually|quickly"
    r"|go ahead and|let us|listen|assistant|roomtone|alexa|nabu|jarvis|can you|could you"
    r"|would you|will you|can you just|computer"
    r"|would you mind|do you mind|do me a favou?r and|i want you to|i would like you to|i need you to"
    r"|would you be able to|i was wondering if you could|any chance you could|be sure to|make sure to"
    r"|be so kind as to|be a dear and|you can|you could|are you able to|is it possible to|try to|for me"
    r"|i want to|i would like to|i need to|help me"
    r")(?: ,)? )+(?=.)"
)
_TAIL = re.compile(
    r"(?: ,)? (?:please|thanks|thank you|thank you very much|thanks a lot|cheers|right now|now|straight away|at once"
    r"|immediately|for me|for us|ok|if you can|if you could|if you would|if you do not mind|would you|will you"
    r"|could you"
    r"|can you|kindly|again please|as well please|right away|quickly|mate|buddy|real quick|this minute|a s a p|asap"
    r"|when you can|when you get a chance|so much|ta|love|yeah|darling|dear|will ya|then|man|dude|hun|all right"
    r"|would ya|or whatever|i guess)$"
)
_GERUND = {"turning": "turn", "switching": "switch", "closing": "close", "opening": "open", "dimming": "dim",
           "setting": "set", "putting": "put", "locking": "lock", "making": "make", "shutting": "shut",
           "starting": "start", "stopping": "stop", "playing": "play", "pausing": "pause"}  # fmt: skip
_ASK_GERUND = re.compile(r"^(?:would|do) you mind (\w+)")


def _unaccented(text: str) -> str:
    """Recognisers and people leave accents out, names have them."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFKC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))


def plain_words(text: str) -> list[str]:
    """Words and punctuation marks, numbers joined. The same for names of the house and for speech."""
    text = _unaccented(text[:MAX_CHARACTERS]).lower().replace("\u2019", "'").replace("`", "'")
    text = _UNIT_BESIDE.sub(r"\1 \2", _INITIALS.sub(r"\1\2", text))
    words: list[str] = []
    text = text.translate(_MARKS)
    for found in _WORD.findall(text):
        expanded = _CONTRACTIONS.get(found, found).replace("'", "").replace("&", " and ")
        for word in _SAME.get(expanded, expanded).split():
            if word not in _FILLERS and (not words or words[-1] != word):
                words.append(word)
    return join_clock(" ".join("," if word == ":" else word for word in join_numbers(words))).split()


def name_key(name: str) -> str:
    """A name as it is looked for: plain words without punctuation."""
    return " ".join(w for w in plain_words(name) if w not in ",.?")


_CALL = re.compile(r"^(?:(?:hey|hi|hello|ok|alright|right|so|well|and|then|now|alexa|eh|assistant|roomtone) (?:, )?)+")
_REQUEST = re.compile(
    r"(?:can|could|would|will|do) you\b|(?:can|could|may) (?:i|we) (?:have|get)\b"
    r"|(?:, )?(?:please|(?:can|could|would|will) you)$|please"
)


def is_request(text: str) -> bool:
    """Whether a question mark belongs to a polite request ("Could you turn on the lamp?")."""
    return bool(_REQUEST.match(_CALL.sub("", text)) or _REQUEST.search(text[-12:]))


def without_courtesy(text: str) -> str:
    """Take politeness off both ends, until nothing more comes off."""
    asked = _ASK_GERUND.match(text)
    if asked and asked[1] in _GERUND:
        text = _GERUND[asked[1]] + text[asked.end() :]
    while True:
        shorter = _TAIL.sub("", _LEAD.sub("", text)).strip(" ,.?")
        if shorter == text:
            return text
        text = shorter


def normalise(text: str) -> tuple[str, bool]:
    """The utterance in plain words, and whether it ended as a question."""
    words = plain_words(text)[: MAX_WORDS + 20]
    plain = _REPEATED.sub(r"\1", _AGAIN.sub(r"\1", _FILLING.sub(" ", " ".join(words))))
    return plain.strip(" ,.?"), plain.endswith("?")


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
