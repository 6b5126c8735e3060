"""What can be set about who may do what by voice: what is asked about first, what is forbidden, from where and when."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from hub.config_engine import Section, no_boolean
from hub.config_persona import minutes_of_day

MAX_RULES: Final = 200

_Device = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?$", max_length=255)]
_Service = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=100)]
_Name = Annotated[str, Field(min_length=1, max_length=100)]
_Value = Annotated[float, BeforeValidator(no_boolean), Field(ge=-1000, le=10_000, allow_inf_nan=False)]
_LIMITS: Final = ("confirm", "never", "areas", "hours", "lines", "speakers")


class RuleSettings(Section):
    """What holds for some devices."""

    devices: tuple[_Device, ...] = Field(
        min_length=1, max_length=500, description="Whole kinds such as lock, or single ones such as switch.oven."
    )
    services: tuple[_Service, ...] = Field(
        (), max_length=50, description="Only for these, such as turn_on; left out: whatever is done to them."
    )
    above: _Value | None = Field(
        None, description="Only for values above this, such as 26 for a heating that is to ask before it gets hot."
    )
    confirm: bool | None = Field(
        None, description="Whether it needs a spoken yes; left out: as usual for such a device."
    )
    never: bool = Field(default=False, description="Whether it is not done by voice at all.")
    areas: tuple[_Name, ...] = Field((), max_length=100, description="The only rooms from which it may be asked for.")
    hours: str | None = Field(None, description="The only local time it may be asked for, such as 07:00-22:00.")
    lines: tuple[Literal["satellite", "browser", "phone"], ...] = Field(
        (), description="The only ways in which it may be asked for: by a satellite of a room, a browser, a phone."
    )
    speakers: tuple[Literal["unknown", "owner", "account"], ...] = Field(
        (), description="The only people who may ask for it: the owner of a device, somebody who is signed in."
    )

    @field_validator("hours")
    @classmethod
    def _hours_are_times(cls, hours: str | None) -> str | None:
        if hours is not None:
            minutes_of_day(hours)
        return hours

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(
            getattr(self, key) not in (None, False, ()) or (key == "confirm" and self.confirm is False)
            for key in _LIMITS
        ):
            raise ValueError(f"this rule changes nothing; add one of {', '.join(_LIMITS)}")
        return self


class PolicySettings(Section):
    """What may be done by voice. Locks, alarms, valves and doors to the outside always need a spoken yes."""

    evidence: Literal["both", "assistant", "user"] = Field(
        "both",
        description="Whose words make an action with a voice that talks by itself. both: what the user asked for and"
        " the assistant takes up.",
    )
    second_yes: bool = Field(
        default=True,
        description="Whether a second recogniser must have heard the yes to something dangerous too.",
    )
    rules: tuple[RuleSettings, ...] = Field((), max_length=MAX_RULES, description="What the household decided.")
