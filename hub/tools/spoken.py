"""What is dictated digit by digit and letter by letter: telephone numbers and names. Pure."""

from __future__ import annotations

import re
from typing import Final

from hub.tools.numerals import tokens

MIN_DIGITS, MAX_DIGITS = 5, 15
MAX_NAME: Final = 80
_TIMES: Final = {"double": 2, "triple": 3, "treble": 3}
_LEAD_PHONE: Final = frozenset(
    {
        "it", "it's", "its", "is", "my", "the", "number", "phone", "telephone", "mobile", "cell", "yes", "sure", "okay",
        "ok", "please", "under", "at", "on", "um", "uh", "and",
    }
)  # fmt: skip
_LEAD_NAME: Final = re.compile(
    r"^(?:(?:yes|sure|ok|okay|um|uh|please|it's|its|it is|that's|that is|this is|i'm|i am|my name is|my name's"
    r"|the name is|name is|under the name(?: of)?|in the name of|under|for|the name)[ ,]+)+",
    re.IGNORECASE,
)
_SPELLED: Final = re.compile(
    r"[ ,]+(?:(?:it is|it's|that's|that is|which is|and it's)[ ,]+)?(?:spelled|spelt|spelling)[ ,]+", re.IGNORECASE
)
_LETTER_AS: Final = re.compile(r"\b([a-z])[ ,]+(?:as in|for|like)[ ,]+[a-z]+", re.IGNORECASE)
_BY_SOUND: Final = {
    "ay": "a", "bee": "b", "be": "b", "see": "c", "sea": "c", "dee": "d", "ee": "e", "ef": "f", "gee": "g",
    "aitch": "h", "eye": "i", "jay": "j", "kay": "k", "el": "l", "em": "m", "en": "n", "oh": "o", "pea": "p",
    "pee": "p", "cue": "q", "queue": "q", "are": "r", "ess": "s", "tea": "t", "tee": "t", "you": "u", "vee": "v",
    "ex": "x", "why": "y", "zee": "z", "zed": "z",
}  # fmt: skip


def spoken_phone(text: str) -> str | None:
    """A telephone number: digits, with a `+` in front where "plus" was said.

    "double seven" is 77, "triple one" 111, "oh" 0, "twenty three" 23. Every word must belong to the number or be one
    that leads to it; otherwise, and with fewer than 5 or more than 15 digits, it is none.
    """
    digits, times, plus = "", 1, "+" in text
    for word in tokens(text):
        norm = "0" if word.norm in ("oh", "o") else word.norm
        if norm in _TIMES and times == 1:
            times = _TIMES[norm]
        elif norm.isdigit() and not (times > 1 and len(norm) > 1):
            digits += norm * times
            times = 1
        elif norm in ("plus", "dash", "hyphen") and times == 1:
            plus = plus or (norm == "plus" and not digits)
        elif norm not in _LEAD_PHONE or digits or times > 1:
            return None
    if times > 1 or not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return None
    return f"+{digits}" if plus else digits


def phone_words(number: str) -> str:
    """A number as it is read back: three digits at a time."""
    digits = number.removeprefix("+")
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return ("plus " if number.startswith("+") else "") + ", ".join(" ".join(group) for group in groups)


def spoken_name(text: str) -> str | None:
    """A name, spelled or said: "S M I T H", "Smyth spelled s m y t h", "b as in bravo, e, double n" or "Anna Smith"."""
    plain = _LEAD_NAME.sub("", text[:300].strip()).strip(" .,!?")
    said, letters = _split_spelling(plain)
    spelled = _letters(letters) if letters else _letters(plain)
    if spelled is not None:
        first = said.rsplit(" ", 1)[0] if letters and " " in said else ""
        return f"{_titled(first)} {spelled}".strip()
    words = said.split() if letters else plain.split()
    fits = 1 <= len(words) <= 5 and all(re.fullmatch(r"[^\W\d_]+(?:['\u2019.-][^\W\d_]*)*", word) for word in words)
    name = _titled(" ".join(words))
    return name if fits and 2 <= len(name) <= MAX_NAME else None


def _split_spelling(text: str) -> tuple[str, str]:
    padded = f" {text}"
    found = _SPELLED.search(padded)
    return (text, "") if found is None else (padded[: found.start()].strip(), padded[found.end() :])


def _letters(text: str) -> str | None:
    plain = _LETTER_AS.sub(lambda found: found[1], text)
    words = [word for word in re.split(r"[ ,.\-]+", plain.lower()) if word]
    out, times = "", 1
    for index, word in enumerate(words):
        if word == "double" and index + 1 < len(words):
            times = 2
            continue
        letter = word if len(word) == 1 and word.isalpha() else _BY_SOUND.get(word)
        if letter is None:
            return None
        out += letter * times
        times = 1
    real = sum(1 for word in words if len(word) == 1)
    return out.capitalize() if len(out) > 1 and real * 2 >= len(words) else None


def _titled(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split())
