"""The forms that are filled by talking: a booking, a message, and whatever a server's tool needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from hub.tools.built_in import BookArguments, booking_of
from hub.tools.calendar import Booking
from hub.tools.numerals import tokens
from hub.tools.port import BadArgumentsError
from hub.tools.registry import Tool
from hub.tools.requests import ToolRequest
from hub.tools.slots import Form, Slot, SlotKind
from hub.tools.spoken import phone_words, spoken_name, spoken_phone
from hub.tools.words import duration_words, listed, moment_words

NOT_BOOKED: Final = "All right, I have not booked it."
NOT_SENT: Final = "All right, I have not sent it."
NOT_DONE: Final = "All right, I leave it."
_EXTRA: Final = {
    "name": Slot("name", "name", "What name shall I put it under?"),
    "phone": Slot("phone", "phone", "What is the phone number?"),
    "address": Slot("address", "text", "What is the address?"),
}


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form that an area is filling.

    Attributes:
        tool: what is called in the end.
        arguments: makes the tool's arguments out of the form's values.
    """

    form: Form
    tool: str
    arguments: Callable[[Mapping[str, Any]], Mapping[str, Any]]


def booking_form(request: ToolRequest, asks: Sequence[str], now: Callable[[], datetime]) -> OpenForm:
    """An appointment, with what was said of it already filled in."""
    when = request.when
    said = {
        "what": request.values.get("what"),
        "date": when.day or ((found.date()) if (found := when.start(now())) is not None else None),
        "time": when.clock,
        "duration": when.duration_s,
        "name": spoken_name(request.values.get("name", "")),
        "phone": spoken_phone(request.values.get("phone", "")),
        "address": request.values.get("address"),
    }
    extras = [slot for name, slot in _EXTRA.items() if name in asks or said[name]]
    slots = (
        Slot("what", "text", "What is it for?"),
        Slot("date", "date", "On what day?"),
        Slot("time", "time", "At what time?"),
        Slot("duration", "duration", "How long will it take?"),
        *extras,
    )

    def read_back(values: Mapping[str, Any]) -> str:
        booking = booking_from(values, now())
        length = duration_words((booking.end - booking.start).total_seconds())
        more = "".join(f", {word} {_shown(slot, values)}" for slot in extras for word in (_WORDS[slot.name],))
        return f"Shall I book {booking.summary} {moment_words(booking.start, now())} for {length}{more}?"

    values = {key: value for key, value in said.items() if value}
    form = Form(slots, read_back, NOT_BOOKED, values)
    return OpenForm(form, "calendar_book", lambda filled: _book_arguments(booking_from(filled, now())))


def confirm_booking(arguments: Mapping[str, Any], now: Callable[[], datetime]) -> OpenForm:
    """An appointment that a model wants to make: everything is known, and a person is asked.

    Raises:
        BadArgumentsError: the appointment makes no sense.
        ValidationError: the arguments do not fit.
    """
    booking = booking_of(BookArguments.model_validate(dict(arguments)), now())
    length = duration_words((booking.end - booking.start).total_seconds())
    question = f"Shall I book {booking.summary} {moment_words(booking.start, now())} for {length}?"
    form = Form((), lambda _values: question, NOT_BOOKED)
    return OpenForm(form, "calendar_book", lambda _values: _book_arguments(booking))


def message_form(recipient: str, message: str | None, *, email: bool) -> OpenForm:
    """A message to somebody whose name is known to be right."""
    kind = "e-mail" if email else "message"
    slots = (Slot("message", "text", f"What shall I write to {recipient}?"),)
    form = Form(
        slots,
        lambda values: f"Shall I send the {kind} “{values['message']}” to {recipient}?",
        NOT_SENT,
        {"message": message} if message else {},
    )
    return OpenForm(form, "send_message", lambda values: {"to": recipient, "email": email, **values})


def tool_form(tool: Tool, given: Mapping[str, Any]) -> OpenForm:
    """Any tool by its schema: required arguments that are missing are asked for, and a change is read back.

    Raises:
        BadArgumentsError: a required argument is of a kind that cannot be asked for by voice.
    """
    properties = tool.schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    required = tool.schema.get("required")
    slots = []
    for name in required if isinstance(required, list) else ():
        held = known.get(name)
        kind = _KINDS.get(str(held.get("type", "string")) if isinstance(held, Mapping) else "string")
        if kind is None and name not in given:
            raise BadArgumentsError(f"I cannot ask for {name} by voice.")
        slots.append(Slot(str(name), kind or "text", f"What is the {_spoken(str(name))}?"))
    title = _spoken(tool.name.partition("__")[2] or tool.name)

    def read_back(values: Mapping[str, Any]) -> str:
        in_order = [name for name in (*known, *(name for name in values if name not in known)) if name in values]
        told = listed([f"{_spoken(name)} {values[name]}" for name in in_order])
        return f"Shall I use {title}{f' with {told}' if told else ''}?"

    return OpenForm(Form(slots, read_back, NOT_DONE, typed_values(tool, given)), tool.name, dict)


def typed_values(tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
    """Words that were said, in the types that the tool's schema wants; a number in words becomes one."""
    properties = tool.schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    values = {}
    for name, value in given.items():
        held = known.get(name)
        wanted = held.get("type") if isinstance(held, Mapping) else None
        values[name] = spoken_number(value) if wanted in ("integer", "number") and isinstance(value, str) else value
    return values


def spoken_number(text: str) -> Any:
    """A whole number that was said alone; the text itself where it is none."""
    numbers = [token.norm for token in tokens(text)]
    return int(numbers[0]) if len(numbers) == 1 and numbers[0].isdigit() and len(numbers[0]) < 10 else text


def booking_from(values: Mapping[str, Any], now: datetime) -> Booking:
    """The appointment of a filled form."""
    start = datetime.combine(values["date"], values["time"], now.tzinfo)
    told = [(_WORDS[name], value) for name in ("name", "phone") if (value := values.get(name))]
    description = ", ".join(f"{word}: {value}" for word, value in told)
    return Booking(
        values["what"],
        start,
        start + timedelta(seconds=values["duration"]),
        values.get("address") or "",
        description,
    )


_WORDS: Final = {"name": "under the name", "phone": "phone number", "address": "address"}
_KINDS: Final[Mapping[str, SlotKind]] = {"string": "text", "integer": "number", "number": "number"}


def _shown(slot: Slot, values: Mapping[str, Any]) -> str:
    value = values[slot.name]
    return phone_words(value) if slot.kind == "phone" else str(value)


def _book_arguments(booking: Booking) -> dict[str, Any]:
    return {
        "summary": booking.summary,
        "start": booking.start.isoformat(),
        "end": booking.end.isoformat(),
        "location": booking.location,
        "description": booking.description,
    }


def _spoken(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ").lower()
