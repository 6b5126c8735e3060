"""What words mean: kinds of device, colours, modes, levels. Data only; names of a house live in `tagger`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

# Words that carry nothing about which device is meant.
STOP = frozenset(
    [
        "the",
        "a",
        "an",
        "my",
        "our",
        "your",
        "his",
        "their",
        "this",
        "that",
        "these",
        "those",
        "of",
        "in",
        "on",
        "at",
        "inside",
        "to",
        "please",
        "some",
        "for",
        "from",
        "by",
        "and",
        "all",
        "both",
        "every",
        "each",
        "any",
        "whole",
        "entire",
        "just",
        "single",
        "there",
        "devices",
        "device",
        "things",
        "thing",
    ]
)
# Without a place these mean the whole house; "the lights" and "both lights" mean the room.
HOUSEWIDE = frozenset({"all", "every", "each", "everything", "everywhere"})
ALL = HOUSEWIDE | {"both", "any"}

# noun -> domains it may stand for; singular and plural mean the same.
_NOUNS: dict[str, str] = {
    "light": "light", "lighting": "light", "lamp": "light", "spotlight": "light", "illumination": "light",
    "switch": "switch input_boolean", "plug": "switch", "socket": "switch", "outlet": "switch",
    "blind": "cover", "curtain": "cover", "drape": "cover", "shade": "cover", "shutter": "cover", "awning": "cover",
    "roller blind": "cover", "cover": "cover", "garage door": "cover", "garage": "cover", "gate": "cover lock",
    "roller shutter": "cover", "venetian": "cover", "window covering": "cover",
    "window": "cover binary_sensor", "door": "lock cover binary_sensor", "lock": "lock", "door lock": "lock",
    "thermostat": "climate", "heating": "climate", "heat": "climate", "radiator": "climate", "ac": "climate",
    "air conditioning": "climate", "air conditioner": "climate", "central heating": "climate", "heater": "climate",
    "cooling": "climate", "air con": "climate", "climate": "climate", "heat pump": "climate",
    "temperature": "climate water_heater", "fan": "fan", "tv": "media_player", "speaker": "media_player",
    "music": "media_player", "media player": "media_player", "song": "media_player", "radio": "media_player",
    "media": "media_player", "playback": "media_player", "volume": "media_player", "audio": "media_player",
    "sound": "media_player", "stereo": "media_player", "track": "media_player", "movie": "media_player",
    "film": "media_player", "podcast": "media_player", "show": "media_player", "video": "media_player",
    "scene": "scene", "script": "script", "routine": "script", "vacuum": "vacuum", "vac": "vacuum",
    "vacuum cleaner": "vacuum",
    "robot": "vacuum lawn_mower", "robot vacuum": "vacuum", "cleaner": "vacuum", "mower": "lawn_mower",
    "lawn mower": "lawn_mower", "lawnmower": "lawn_mower", "humidifier": "humidifier",
    "dehumidifier": "humidifier switch", "water heater": "water_heater", "hot water": "water_heater",
    "boiler": "water_heater", "alarm": "alarm_control_panel", "alarm system": "alarm_control_panel",
    "security system": "alarm_control_panel", "security": "alarm_control_panel", "valve": "valve",
    "siren": "siren", "shopping list": "todo", "list": "todo", "to do list": "todo", "automation": "automation",
    "robot cleaner": "vacuum", "humidity": "humidifier",
}  # fmt: skip
# These cannot be asked for by a kind alone: the word must also be in the name, class or alias of the device.
NARROW = frozenset(
    [
        "lamp",
        "spotlight",
        "plug",
        "socket",
        "outlet",
        "blind",
        "curtain",
        "drape",
        "shade",
        "shutter",
        "awning",
        "gate",
        "window",
        "door",
        "garage",
        "tv",
        "radio",
        "stereo",
        "ac",
        "heater",
        "radiator",
        "dehumidifier",
        "humidifier",
        "mower",
        "speaker",
    ]
)
SAME_CLASS = {
    "garage": "garage", "garage door": "garage", "gate": "gate", "door": "door", "window": "window",
    "blind": "blind", "curtain": "curtain", "drape": "curtain", "shade": "shade", "shutter": "shutter",
    "awning": "awning", "tv": "tv", "speaker": "speaker", "humidifier": "humidifier",
    "dehumidifier": "dehumidifier", "outlet": "outlet", "plug": "outlet", "socket": "outlet",
}  # fmt: skip


def singular(word: str) -> str:
    """A word without its plural s."""
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return word


@lru_cache(maxsize=4096)
def domains_of(noun: str) -> tuple[str, ...]:
    """Domains a noun phrase stands for; empty when it is no kind of device."""
    words = noun.split(" ")
    words[-1] = singular(words[-1])
    return tuple(_NOUNS.get(" ".join(words), _NOUNS.get(noun, "")).split())


def noun_words() -> frozenset[str]:
    """Every single word of the kinds, for repairing a misheard one."""
    return frozenset(word for noun in _NOUNS for word in noun.split() if len(word) > 2)


COLORS = {
    name.replace("_", " "): name.replace("_", "")
    for name in [
        "red",
        "green",
        "blue",
        "yellow",
        "orange",
        "purple",
        "pink",
        "white",
        "cyan",
        "magenta",
        "turquoise",
        "teal",
        "lime",
        "violet",
        "indigo",
        "gold",
        "lavender",
        "salmon",
        "coral",
        "crimson",
        "maroon",
        "navy",
        "olive",
        "aqua",
        "beige",
        "ivory",
        "khaki",
        "plum",
        "orchid",
        "tomato",
        "chocolate",
        "peach_puff",
        "brown",
        "light_blue",
        "dark_blue",
        "light_green",
        "dark_green",
        "dark_red",
        "light_pink",
        "hot_pink",
        "deep_pink",
        "sky_blue",
        "royal_blue",
        "forest_green",
        "spring_green",
        "dark_orange",
        "light_yellow",
        "mint_cream",
        "fuchsia",
        "silver",
        "amber",
        "lilac",
        "scarlet",
        "burgundy",
        "mauve",
    ]
}
KELVINS = {
    "warm white": 2700, "warm": 2700, "soft white": 2700, "candlelight": 2000, "candle light": 2000,
    "neutral white": 4000, "neutral": 4000, "natural white": 4000, "cool white": 5000, "cool": 5000,
    "cold white": 6000, "cold": 6000, "daylight": 5500, "bright white": 5000, "warmer white": 2700,
    "softer white": 2700, "cooler white": 5000, "colder white": 6000, "daylight white": 5500, "icy white": 6000,
    "whiter": 5000, "yellower": 2700, "incandescent": 2700, "golden white": 2700,
}  # fmt: skip
_PARTS = {"fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
FRACTIONS = {
    "half": 50, "halfway": 50, "half way": 50, "a half": 50, "half brightness": 50, "a quarter": 25, "quarter": 25,
    "a third": 33, "1 third": 33, "2 thirds": 67, "two thirds": 67, "3 quarters": 75, "max": 100, "maximum": 100,
    "full": 100, "full brightness": 100, "maximum brightness": 100, "highest": 100, "the maximum": 100,
    "the max": 100, "full blast": 100, "full power": 100, "full speed": 100, "minimum": 1, "min": 1, "lowest": 1,
    "the minimum": 1, "minimum brightness": 1, "half open": 50, "half volume": 50, "full volume": 100,
    "the lowest": 1, "the highest": 100, "half power": 50, "half speed": 50, "the lowest setting": 1,
    "its brightest": 100, "as bright as possible": 100, "as dim as possible": 1, "as low as possible": 1,
    "as high as possible": 100, "as loud as possible": 100, "as quiet as possible": 5,
    "the brightest": 100, "maximum volume": 100, "top speed": 100, "utmost": 100, "full whack": 100, "full pelt": 100,
    "full tilt": 100, "full throttle": 100, "full strength": 100, "fully": 100, "full on": 100, "flat out": 100,
    **{f"as {high} as {it} {go}": 100 for high in ("high", "bright", "loud", "fast", "far")
       for it, go in (("it", "goes"), ("they", "go"), ("it", "will go"), ("they", "will go"), ("it", "can"))},
    **{f"as {low} as {it} {go}": 1 for low in ("low", "dim", "quiet", "slow")
       for it, go in (("it", "goes"), ("they", "go"), ("it", "will go"), ("they", "will go"), ("it", "can"))},
    **{f"{whose} {most} {what}": share for whose in ("its", "the") for what in ("setting", "level", "speed")
       for most, share in (("highest", 100), ("top", 100), ("fastest", 100), ("lowest", 1), ("slowest", 1))},
    "its highest": 100, "its lowest": 1, "its maximum": 100, "its dimmest": 1,
    **{f"{n} {part}{'s' * (n > 1)}": round(100 * n / of) for part, of in _PARTS.items() for n in range(1, of)},
    **{f"{article} {part}": round(100 / of) for part, of in _PARTS.items() for article in ("a", "an")},
}  # fmt: skip
LEVELS = {"low": 33, "slow": 33, "medium": 66, "mid": 66, "high": 100, "fast": 100}
HVAC = {
    "heat": "heat", "heating": "heat", "cool": "cool", "cooling": "cool", "auto": "auto", "automatic": "auto",
    "off": "off", "dry": "dry", "drying": "dry", "fan only": "fan_only", "fan": "fan_only",
    "heat cool": "heat_cool", "heat and cool": "heat_cool",
}  # fmt: skip

# What is said of a colour or a light and tells nothing about it.
PRAISE = (
    "(?:nice|lovely|soft|gentle|cosy|cozy|deep|pretty|really|very|calm|calming|relaxing|rich|bright|proper|lively|pale"
    "|subtle)"
)

ValueKind = Literal["percent", "number", "degrees", "fahrenheit", "kelvin", "color", "word"]


@dataclass(frozen=True, slots=True)
class Value:
    """What a device is to be set to. `word` keeps what was said."""

    kind: ValueKind
    number: float = 0.0
    word: str = ""


_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)(%|°f|°|k)?")
_OF_WHAT = re.compile(
    r"^(-?\d+(?:\.\d+)?%?) (?:brightness|volume|brightness level|speed|open|bright|power|strength|intensity|humidity)$"
)
_SUFFIX: dict[str, ValueKind] = {
    "": "number",
    "%": "percent",
    "°": "degrees",
    "°f": "fahrenheit",
    "k": "kelvin",
}


def value_of(text: str) -> Value | None:  # noqa: PLR0911 - one line a case
    """Read a value: a number with its unit, a fraction, a colour, a mode; None for anything else."""
    text = text.removeprefix("about ").removeprefix("around ").removeprefix("exactly ")
    text = _OF_WHAT.sub(r"\1", text)
    found = _NUMBER.fullmatch(text)
    if found:
        return Value(_SUFFIX[found[2] or ""], float(found[1]), text)
    closed = re.fullmatch(r"(.+?)(?: of the way)? (open|closed|shut|up|down)", text)
    if closed and (part := value_of(closed[1])) is not None and part.kind in ("percent", "number"):
        down = closed[2] in ("closed", "shut") or text.endswith(" of the way down")
        return Value("percent", 100 - part.number, text) if down else part
    text = text.removesuffix(" of the way")
    if text in FRACTIONS:
        return Value("percent", FRACTIONS[text], text)
    bare = re.sub(r"^(?:a |the )?(.+?)(?: (?:mode|color|light|setting|speed|tone|glow|tint|shade))?$", r"\1", text)
    if bare not in KELVINS and bare not in COLORS:
        bare = re.sub(rf"^(?:{PRAISE} )+", "", bare)
    if bare in KELVINS:
        return Value("kelvin", KELVINS[bare], bare)
    if bare in COLORS:
        return Value("color", 0, bare)
    if bare in HVAC or bare in LEVELS:
        return Value("word", LEVELS.get(bare, 0), bare)
    return None
