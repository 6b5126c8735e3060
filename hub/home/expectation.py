"""What must be read back before a call counts as done. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hub.understanding.house import Entity

UNAVAILABLE = "unavailable"


class Progress(StrEnum):
    """How far an entity is from what was asked of it."""

    REACHED = "reached"
    ON_THE_WAY = "on_the_way"
    NOT_YET = "not_yet"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Near:
    """A number within `tolerance` of `value`."""

    value: float
    tolerance: float

    def met_by(self, found: object) -> bool:
        """Whether the number read is close enough."""
        number = as_number(found)
        return number is not None and abs(number - self.value) <= self.tolerance


@dataclass(frozen=True, slots=True)
class Beyond:
    """A number that has moved past `value`: above it with `up`, else below it."""

    value: float
    up: bool

    def met_by(self, found: object) -> bool:
        """Whether the number read lies past the value."""
        number = as_number(found)
        return number is not None and (number > self.value if self.up else number < self.value)


@dataclass(frozen=True, slots=True)
class Hue:
    """A pair of hue (degrees) and saturation (%) that looks like the one asked for.

    A lamp cannot show every colour, so 12 degrees and 20 % are allowed; hue means nothing when there is little colour.
    """

    hue: float
    saturation: float

    def met_by(self, found: object) -> bool:
        """Whether the pair read is close enough."""
        if not isinstance(found, (list, tuple)) or len(found) != 2:
            return False
        hue, saturation = as_number(found[0]), as_number(found[1])
        if hue is None or saturation is None or abs(saturation - self.saturation) > 20.0:
            return False
        apart = abs(hue - self.hue) % 360.0
        return self.saturation < 15.0 or min(apart, 360.0 - apart) <= 12.0


@dataclass(frozen=True, slots=True)
class Equal:
    """Exactly this value."""

    value: object

    def met_by(self, found: object) -> bool:
        """Whether the value read is this one."""
        return found == self.value


@dataclass(frozen=True, slots=True)
class Different:
    """Anything but what was there before."""

    before: object

    def met_by(self, found: object) -> bool:
        """Whether the value read is another one."""
        return found is not None and found != self.before


Wanted = Near | Beyond | Hue | Equal | Different


@dataclass(frozen=True, slots=True)
class Expectation:
    """The end of a call, for one entity.

    Attributes:
        states: the states that count as done; empty when the state itself does not matter.
        passing: states that a slow device goes through on its way there.
        state_is: a condition on the state that is no list of words (a number, a time stamp).
        attributes: a condition per attribute.
        underway: attributes that have left their old value when a slow device is moving.
        shown: the attribute that tells a person what is true now, where the state does not.
    """

    states: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()
    state_is: Wanted | None = None
    attributes: Mapping[str, Wanted] = field(default_factory=dict)
    underway: Mapping[str, Different] = field(default_factory=dict)
    shown: str | None = None

    def judge(self, entity: Entity) -> Progress:
        """Where the entity stands, by its newest state."""
        if entity.state == UNAVAILABLE:
            return Progress.UNAVAILABLE
        if entity.state in self.passing and entity.state not in self.states:
            return Progress.ON_THE_WAY
        done = (
            (not self.states or entity.state in self.states)
            and (self.state_is is None or self.state_is.met_by(entity.state))
            and all(wanted.met_by(entity.attributes.get(name)) for name, wanted in self.attributes.items())
        )
        if done:
            return Progress.REACHED
        moving = any(left.met_by(entity.attributes.get(name)) for name, left in self.underway.items())
        return Progress.ON_THE_WAY if moving else Progress.NOT_YET

    def show(self, entity: Entity) -> str:
        """What is true now, in a word: the state, or the attribute that the call was about."""
        value = entity.attributes.get(self.shown) if self.shown is not None else None
        return entity.state if value is None else str(value)


def as_number(value: Any) -> float | None:
    """A finite number out of what a state or an attribute holds, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number - number == 0.0 else None
