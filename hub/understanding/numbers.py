"""Numbers as people say them, turned into tokens with their unit: `50%`, `21°`, `600s`, `2700k`."""

from __future__ import annotations

import re

_SMALL = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: value
    for value, word in zip(
        range(20, 100, 10),
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        strict=True,
    )
}
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86400}
# What a whole number of a unit is begun or ended with.
_SHARES = {
    ("half", "an"): 0.5, ("half", "a"): 0.5, ("a", "quarter", "of", "an"): 0.25, ("quarter", "of", "an"): 0.25,
    ("three", "quarters", "of", "an"): 0.75, ("3", "quarters", "of", "an"): 0.75, ("half",): 0.5, ("a", "half"): 0.5,
    ("a", "couple", "of"): 2, ("a", "couple"): 2, ("couple", "of"): 2, ("another", "half", "an"): 0.5,
}  # fmt: skip
_SHARE_BEGINNINGS = frozenset(part[0] for part in _SHARES)
# Beside figures, what anything that is joined here begins with.
_BEGINNINGS = _SHARE_BEGINNINGS | _SMALL.keys() | _TENS.keys() | {"a", "an", "another", "extra"}
_TAILS = {("and", "a", "half"): 0.5, ("and", "a", "quarter"): 0.25, ("and", "three", "quarters"): 0.75}
_UNITS = {"percent": "%", "%": "%", "degree": "°", "°": "°", "celsius": "°", "kelvin": "k"}
# "one" is a number only next to one of these: "the left one" is a lamp.
_BEFORE_ONE = {
    "to", "at", "by", "volume", "minus", "channel", "past", "half", "until", "till", "before", "after", "around",
}  # fmt: skip


def number_text(value: float) -> str:
    """The shortest spelling: 21, 21.5."""
    return f"{round(value, 2):g}"


def _read_words(words: list[str], start: int) -> tuple[float, int] | None:
    """A number in words from `start`: its value and the position after it."""
    thousands, below, position, seen = 0.0, 0.0, start, False
    if words[start] == "a" and words[start + 1 : start + 2] in (["hundred"], ["thousand"]):
        below, position, seen = 1.0, start + 1, True
    while position < len(words):
        word = words[position]
        if word in _TENS and not below % 100:
            below += _TENS[word]
        elif word in _SMALL and not (below % 10 or 0 < below % 100 < 20 or (word == "zero" and seen)):
            below += _SMALL[word]
        elif word == "hundred" and 0 < below < 100:
            below *= 100
        elif word == "thousand" and below and not thousands:
            thousands, below = below * 1000, 0.0
        elif word == "and" and (thousands or below >= 100) and _is_small(words, position + 1):
            position += 1
            continue
        else:
            break
        seen = True
        position += 1
    return (thousands + below, position) if seen else None


def _is_small(words: list[str], position: int) -> bool:
    return position < len(words) and (words[position] in _SMALL or words[position] in _TENS)


def _read_number(words: list[str], start: int) -> tuple[float, int] | None:
    word = words[start]
    if _DIGITS.fullmatch(word) and len(word) < 9:
        value, position = float(word), start + 1
    else:
        read = _read_words(words, start)
        if read is None:
            return None
        value, position = read
        if word == "one" and position == start + 1:
            after = words[position] if position < len(words) else ""
            unit = after.rstrip("s") in _UNITS or after.rstrip("s") in _SECONDS or after in ("point", "and")
            if not unit and not (start and words[start - 1] in _BEFORE_ONE):
                return None
    if words[position : position + 1] == ["point"] and position + 1 < len(words):
        digits = ""
        while position + 1 < len(words) and words[position + 1] in _SMALL and _SMALL[words[position + 1]] < 10:
            digits += str(_SMALL[words[position + 1]])
            position += 1
        if digits:
            value, position = float(f"{value:g}.{digits}"), position + 1
    if words[position : position + 3] == ["and", "a", "half"]:
        value, position = value + 0.5, position + 3
    return value, position


def _share_at(words: list[str], at: int) -> tuple[str, ...] | None:
    if at >= len(words) or words[at] not in _SHARE_BEGINNINGS:
        return None
    return next((part for part in _SHARES if words[at : at + len(part)] == list(part)), None)


def _and_minutes(words: list[str], position: int) -> tuple[float, int] | None:
    """The minutes behind an hour that are not called so: "an hour and ten"."""
    if words[position : position + 1] != ["and"] or position + 1 >= len(words):
        return None
    read = _read_number(words, position + 1)
    ends = read is not None and read[0] < 60 and words[read[1] : read[1] + 1] in ([], ["for"], ["please"])
    return read if ends else None


def _read_duration(words: list[str], start: int) -> tuple[int, int] | None:
    """A duration in seconds ("half an hour", "an hour and a half", "2 minutes and 30 seconds")."""
    total, position, found = 0.0, start, False
    while position < len(words):
        at = position + 1 if found and words[position] == "and" else position
        share = _share_at(words, at)
        if share is not None:
            amount, after = _SHARES[share], at + len(share)
        elif words[at : at + 1] in (["a"], ["an"], ["another"], ["extra"]):
            amount, after = 1.0, at + 1
        else:
            read = _read_number(words, at) if at < len(words) else None
            if read is None:
                break
            amount, after = read
            if words[after : after + 1] in (["more"], ["extra"], ["additional"], ["full"]):
                after += 1
        unit = words[after].rstrip("s") if after < len(words) else ""
        if unit not in _SECONDS:
            break
        position, found = after + 1, True
        for tail, more in _TAILS.items():
            if words[position : position + len(tail)] == list(tail):
                amount, position = amount + more, position + len(tail)
                break
        total += amount * _SECONDS[unit]
        if unit in ("hour", "hr") and (minutes := _and_minutes(words, position)) is not None:
            return int(total + 60 * minutes[0]), minutes[1]
    return (int(total), position) if found else None


def _read_degrees(words: list[str], start: int) -> tuple[str, int] | None:
    """Degrees that no single number tells: "a degree and a half", "half a degree", "a couple of degrees"."""
    share = _share_at(words, start)
    if share is not None:
        value, after = _SHARES[share], start + len(share)
    elif words[start] == "a":
        value, after = 1.0, start + 1
    else:
        read = _read_number(words, start)
        if read is None:
            return None
        value, after = read
    if words[after : after + 1] not in (["degree"], ["degrees"]):
        return None
    more = words[after + 1 : after + 4] == ["and", "a", "half"]
    if not more and share is None:
        return None
    return f"{number_text(value + 0.5 * more)}°", after + 1 + 3 * more


def join_numbers(words: list[str]) -> list[str]:
    """Replace every number, with the unit that follows, by one token."""
    out: list[str] = []
    position = 0
    while position < len(words):
        begins = words[position] in _BEGINNINGS or words[position][0].isdigit()
        duration = _read_duration(words, position) if begins else None
        if duration is not None and not words[position].startswith("second"):
            # "Another" and "more" tell a change of a timer from a new one.
            out += [words[position]] if words[position] in ("another", "extra") else []
            out.append(f"{duration[0]}s")
            out += ["more"] if {"more", "extra", "additional"}.intersection(words[position + 1 : duration[1]]) else []
            position = duration[1]
            continue
        degrees = _read_degrees(words, position) if begins else None
        if degrees is not None:
            out.append(degrees[0])
            position = degrees[1]
            continue
        read = _read_number(words, position) if begins else None
        if read is None:
            out.append(words[position])
            position += 1
            continue
        value, position = read
        token = number_text(value)
        if words[position : position + 2] == ["per", "cent"]:
            words = [*words[:position], "percent", *words[position + 2 :]]
        unit = words[position].rstrip("s") if position < len(words) else ""
        if unit in _UNITS:
            token += _UNITS[unit]
            position += 1
            scale = words[position] if position < len(words) else ""
            if token.endswith("°") and scale in ("celsius", "centigrade", "c", "fahrenheit", "f"):
                token += "f" if scale[0] == "f" else ""
                position += 1
        elif unit in ("fahrenheit", "pm", "am") or words[position : position + 1] == ["oclock"]:
            token += {"fahrenheit": "°f", "oclock": ":00"}.get(words[position], f":00{unit}")
            position += 1
        if out and out[-1] == "minus":
            out[-1] = f"-{token}"
        else:
            out.append(token)
    return out
