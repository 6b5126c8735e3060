"""From a transcript to plain words: lower case, no punctuation but `, . ?`, numbers joined, courtesies gone."""

from __future__ import annotations

import re
import unicodedata

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
    "i'm": "i am", "let's": "let us", "can't": "can not", "won't": "will not", "cannot": "can not",
    "dont": "do not", "whats": "what is", "wanna": "want to", "gonna": "going to",
}  # fmt: skip
# One spelling per thing; names of the house pass through here too, so both sides agree.
_SAME = {
    "colour": "color", "grey": "gray", "telly": "tv", "television": "tv", "tele": "tv", "tellies": "tvs",
    "televisions": "tvs", "hoover": "vacuum", "aircon": "ac", "centre": "center", "colours": "colors",
    "goodnight": "good night", "shutoff": "shut off", "wi-fi": "wifi", "okay": "ok", "theatre": "theater",
    "air-con": "ac", "½": "half", "½%": "half percent", "bulbs": "lights", "bulb": "light",
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:\.\d+)?(?:['&][^\W_]+)*'?|[,.;:!?%°]")
_INITIALS = re.compile(r"\b([a-z])\.([a-z])\.?(?=\W|$)")
_REPEATED = re.compile(r"\b(\w+(?: \w+)?)(?: ,)+ \1\b")
_MARKS = str.maketrans({"-": " ", "\u2014": " , ", "!": ".", ";": ".", ":": ","})
_FILLERS = {"um", "uh", "er", "erm", "hmm", "uhm", "ah", "oh", "mm", "uhh", "umm"}
_LEAD = re.compile(
    r"^(?:(?:hey|hi|hello|ok|alright|right|yes|yeah|so|well|now|and|then|please|kindly|just|actually|quickly"
    r"|go ahead and|let us|listen|assistant|roomtone|alexa|nabu|jarvis|can you|could you"
    r"|would you|will you|can you just|computer"
    r"|would you mind|do you mind|do me a favou?r and|i want you to|i would like you to|i need you to"
    r"|would you be able to"
    r"|be so kind as to|be a dear and|you can|you could|are you able to|is it possible to|try to|for me"
    r"|i want to|i would like to|i need to|help me"
    r")(?: ,)? )+(?=.)"
)
_TAIL = re.compile(
    r"(?: ,)? (?:please|thanks|thank you|thank you very much|thanks a lot|cheers|right now|now|straight away|at once"
    r"|immediately|for me|for us|ok|if you can|if you could|if you would|if you do not mind|would you|will you"
    r"|could you"
    r"|can you|kindly|again please|as well please|right away|quickly|mate|buddy|real quick|this minute|a s a p|asap"
    r"|when you can|when you get a chance|so much)$"
)
_GERUND = {"turning": "turn", "switching": "switch", "closing": "close", "opening": "open", "dimming": "dim",
           "setting": "set", "putting": "put", "locking": "lock", "making": "make", "shutting": "shut",
           "starting": "start", "stopping": "stop", "playing": "play", "pausing": "pause"}  # fmt: skip
_ASK_GERUND = re.compile(r"^(?:would|do) you mind (\w+)")


def plain_words(text: str) -> list[str]:
    """Words and punctuation marks, numbers joined. The same for names of the house and for speech."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower().replace("\u2019", "'").replace("`", "'")
    text = _INITIALS.sub(r"\1\2", text)
    words: list[str] = []
    text = text.translate(_MARKS)
    for found in _WORD.findall(text):
        expanded = _CONTRACTIONS.get(found, found).replace("'", "").replace("&", " and ")
        for word in _SAME.get(expanded, expanded).split():
            if word not in _FILLERS and (not words or words[-1] != word):
                words.append(word)
    return join_numbers(words)


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
    plain = _REPEATED.sub(r"\1", " ".join(words))
    return plain.strip(" ,.?"), plain.endswith("?")
