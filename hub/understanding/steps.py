"""Changing a device by a step: brighter, warmer, louder, faster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.understanding.frames import Heard
from hub.understanding.house import Entity
from hub.understanding.lexicon import Value
from hub.understanding.numbers import number_text
from hub.understanding.settings import Made, Refusal, cannot, set_humidity, set_light, set_temperature

_UP = frozenset(
    [
        "up",
        "open",
        "increase",
        "raise",
        "boost",
        "brighten",
        "lighten",
        "brighter",
        "lighter",
        "warmer",
        "hotter",
        "louder",
        "faster",
        "higher",
        "warm",
        "heat",
        "crank",
        "hike",
        "more",
        "speed",
        "lift",
    ]
)
DIMMERS = frozenset(["brighten", "lighten", "dim", "darken", "soften", "brighter", "lighter", "dimmer", "darker"])
_SMALL = (
    "a bit", "a little", "slightly", "a touch", "a tad", "a notch", "somewhat", "a smidge", "a tiny", "a teeny",
    "a wee",
    "a hair", "a fraction", "a shade", "a click", "a peg", "a whisker", "a crack", "an inch",
)  # fmt: skip
_LARGE = ("a lot", "much", "way", "loads", "quite", "significantly", "a fair", "half", "a good",
          "a whole", "a ton", "tons", "heaps")  # fmt: skip


_SHARES = {"a third": 33.0, "a quarter": 25.0}
_IN_PERCENT = 10  # steps as large as this are of percent


def _amount(heard: Heard, small: float, usual: float, large: float) -> float:
    said = heard.amount.removeprefix("by ")
    digits = "".join(c for c in said.split("%")[0].split("°")[0].split(" ")[0] if c.isdigit() or c == ".")
    if digits:
        return float(digits)
    share = next((share for words, share in _SHARES.items() if said.startswith(words)), None)
    if share is not None and usual >= _IN_PERCENT:
        return share
    return small if said.startswith(_SMALL) else large if said.startswith(_LARGE) else usual


def is_up(direction: str) -> bool:
    """Whether a word of change asks for more."""
    return direction.endswith(" up") or direction.split(" ", maxsplit=1)[0] in _UP


def step(heard: Heard, entity: Entity) -> Made:  # noqa: C901, PLR0911, PLR0912 - one line a domain
    """The calls that make a device more or less of what it is."""
    sign = 1 if is_up(heard.direction) else -1
    word = heard.direction.split(" ")[0]
    domain = entity.domain
    if domain == "light":
        if word in ("warmer", "warm", "cooler", "cool", "colder"):
            return set_light(entity, Value("kelvin", 2700 if word.startswith("warm") else 5000, word))
        if word in ("louder", "quieter", "faster", "slower", "hotter") or "°" in heard.amount:
            return cannot(entity, f"be made {word}")
        if "brightness" not in entity.capabilities:
            return cannot(entity, "be dimmed")
        return [("light.turn_on", {"brightness_step_pct": round(sign * _amount(heard, 10, 20, 30))})]
    if word in DIMMERS:
        return cannot(entity, "be dimmed")
    if domain in ("climate", "water_heater"):
        now = entity.attributes.get("temperature")
        if not isinstance(now, (int, float)):
            return Refusal("cannot_do", f"{entity.name} has no target temperature now.")
        change = sign * _amount(heard, 1, 1, 2)
        return _meant(set_temperature(entity, Value("number", now + change, number_text(now + change))), change)
    if domain == "fan":
        if "percentage" not in entity.capabilities:
            return cannot(entity, "change its speed")
        now = entity.attributes.get("percentage")
        if heard.amount.removeprefix("by ")[:1].isdigit() and isinstance(now, (int, float)) and entity.state == "on":
            change = sign * _amount(heard, 10, 20, 40)
            speed = round(min(100, max(0, now + change)))
            return _meant([("fan.set_percentage", {"percentage": speed})], change)
        step = {"percentage_step": round(_amount(heard, 10, 20, 40))} if heard.amount else {}
        return [("fan.increase_speed" if sign > 0 else "fan.decrease_speed", step)]
    if domain == "media_player":
        return _volume(heard, entity, sign)
    if domain == "cover" and heard.amount and word in ("up", "down", "raise", "lower", "open", "close"):
        now = entity.attributes.get("current_position", entity.attributes.get("position"))
        if isinstance(now, (int, float)) and "position" in entity.capabilities:
            wanted = min(100, max(0, now + sign * _amount(heard, 10, 20, 40)))
            return [("cover.set_cover_position", {"position": round(wanted)})]
    if domain == "humidifier" and isinstance(entity.attributes.get("humidity"), (int, float)):
        wanted = entity.attributes["humidity"] + sign * _amount(heard, 5, 5, 10)
        return set_humidity(entity, Value("number", wanted, number_text(wanted)))
    return cannot(entity, f"be turned {word}")


# How a change is named where the service takes the value that it comes to.
STEP_OF: Final[Mapping[str, str]] = {"temperature": "temperature_delta", "percentage": "percentage_step"}


def _meant(made: Made, change: float) -> Made:
    """The calls with the change that they stand for beside the value that it comes to."""
    if isinstance(made, Refusal):
        return made
    return [(service, {**data, **{STEP_OF[k]: change for k in data if k in STEP_OF}}) for service, data in made]


def parted(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """The data of a call and, apart from it, the change that it stands for."""
    step = {name: data[name] for value, name in STEP_OF.items() if value in data and name in data}
    return {key: value for key, value in data.items() if key not in step}, step


def _volume(heard: Heard, entity: Entity, sign: int) -> Made:
    now = entity.attributes.get("volume_level")
    if heard.amount and heard.amount.removeprefix("by ")[:1].isdigit() and isinstance(now, (int, float)):
        level = min(1.0, max(0.0, now + sign * _amount(heard, 5, 10, 20) / 100))
        return [("media_player.volume_set", {"volume_level": round(level, 2)})]
    return [("media_player.volume_up" if sign > 0 else "media_player.volume_down", {})]
