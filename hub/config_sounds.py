"""What can be set about the house's own sounds: when a room wants none, and how loud each kind is."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from hub.config_engine import Section, no_boolean
from hub.config_persona import minutes_of_day

_Name = Annotated[str, Field(min_length=1, max_length=100)]
_Areas = Annotated[tuple[_Name, ...], Field(max_length=100)]
_Volume = Annotated[float, BeforeValidator(no_boolean), Field(ge=0, le=1, allow_inf_nan=False)]


class QuietSettings(Section):
    """Hours in which rooms are left alone: no announcement, no question, no call from another room."""

    hours: str = Field(description="Local time, such as 22:00-07:00.")
    areas: _Areas = Field((), description="The rooms, by name, alias or id; left out: all of them.")

    @field_validator("hours")
    @classmethod
    def _hours_are_times(cls, hours: str) -> str:
        minutes_of_day(hours)
        return hours

    @property
    def minutes(self) -> tuple[int, int]:
        """First minute of the day that is quiet, and the first that is not any more."""
        return minutes_of_day(self.hours)


class VolumeSettings(Section):
    """How loud each kind of sound is, as a share of the satellite's own volume."""

    areas: _Areas = Field((), description="The rooms, by name, alias or id; left out: those that no other entry names.")
    answer: _Volume = Field(1.0, description="What the assistant says in a conversation.")
    announcement: _Volume = Field(1.0, description="Announcements and questions, with their chime.")
    chime: _Volume = Field(1.0, description="The satellite's own sounds: that it listens, and a timer that rings.")
    intercom: _Volume = Field(1.0, description="The other room in a call between rooms.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.model_fields_set <= {"areas"}:
            raise ValueError("an entry needs at least one of answer, announcement, chime and intercom")
        return self
