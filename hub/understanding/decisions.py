"""What the listener is told and what it decides. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from hub.understanding.house import Action, House

Mode = Literal["both", "assistant", "user"]
Kind = Literal["house", "command", "other"]
"""Whose a turn is: the house answers; the house acts and the voice answers; neither house nor device is in it."""


class Speaker(Enum):
    """Who speaks, as far as is known."""

    UNKNOWN = "unknown"
    OWNER = "owner"  # of the device that is spoken into
    ACCOUNT = "account"  # signed in


class Source(Enum):
    """Whose words made an action."""

    REQUEST = "request"  # the user's alone
    AGREED = "agreed"  # the user's, taken up by the assistant
    COMMITMENT = "commitment"  # the assistant's alone: nobody can hear the user
    CONFIRMED = "confirmed"  # a dangerous request and a spoken yes
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens, and what the house is like then.

    Attributes:
        now: aware, in the house's time zone.
        at_s: seconds of one monotonic clock.
        frame: the voice's 80 ms frame, -1 where it has none.
    """

    house: House
    now: datetime
    at_s: float
    frame: int = -1


@dataclass(frozen=True, slots=True)
class Said:
    """The user's words.

    Attributes:
        text: what the recogniser wrote; empty when it heard no words.
        area_id: where; None when unknown.
        second: what a second recogniser made of the same sound; None when none was asked.
        line: over what it came: a satellite of an area, a browser, a phone.
    """

    text: str
    area_id: str | None
    second: str | None = None
    speaker: Speaker = Speaker.UNKNOWN
    line: Literal["satellite", "browser", "phone"] = "satellite"


@dataclass(frozen=True, slots=True)
class Act:
    """These actions are to be executed now.

    Attributes:
        actions: with `UNDO` none where what was begun of this turn has changed nothing that must be brought back.
        key: the same for the same deed of the same turn; it is decided once.
        reply: what to add to the report of what happened.
        why: one line for developers and `--dry-run`.
    """

    actions: tuple[Action, ...]
    source: Source
    key: str
    why: str
    frame: int = -1
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    """Nothing is executed: a dangerous request waits for a spoken yes. `question` is to be spoken word for word."""

    actions: tuple[Action, ...]
    question: str
    why: str
    frame: int = -1


@dataclass(frozen=True, slots=True)
class Tell:
    """A sentence to be spoken, and nothing changes.

    Attributes:
        reason: stable code (`query`, `small_talk`, `no_such_device`, `contradiction`, `cancelled` ...).
        asked: devices that a state question was answered from; `("timer",)` for timers.
        ends_conversation: the user said goodbye.
    """

    sentence: str
    reason: str
    why: str
    asked: tuple[str, ...] = ()
    ends_conversation: bool = False


Decision = Act | Confirm | Tell
