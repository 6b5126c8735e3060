"""Tools by voice and for a model: one desk for the whole hub, with at most one open form an area."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from pydantic import ValidationError

from hub.home.port import HomeError
from hub.tools.built_in import BOOK, SEND, SendArguments
from hub.tools.calendar import Calendar
from hub.tools.forms import OpenForm, booking_form, booking_from, confirm_booking, message_form, tool_form
from hub.tools.messages import Messages
from hub.tools.port import BadArgumentsError, ToolError, ToolReply, ToolResult, UnknownToolError
from hub.tools.registry import Registry
from hub.tools.requests import Phrase, ToolRequest, wants
from hub.tools.rooms import ANNOUNCE, HANG_UP, INTERCOM
from hub.tools.slots import Phase, Step
from hub.tools.weather import Question, Weather

_LOG = logging.getLogger(__name__)

_REMEMBERED: Final = 500
_CARRY_CHARS: Final = 200
_TOOL_OF: Final = {
    "agenda": "calendar_events", "next_event": "calendar_events", "free": "calendar_events", "book": BOOK,
    "weather": "weather", "message": SEND, "email": SEND, "announce": ANNOUNCE, "intercom": INTERCOM,
    "hang_up": HANG_UP,
}  # fmt: skip


class ToolDesk:
    """`Tools` and `Toolset`.

    Args:
        registry: what may be called.
        calendar, weather, messages: behind the built-in tools.
        now: the aware time in the house's zone.
        now_s: seconds that only count up.
        for_house: whether the house itself would answer words spoken in an area; such words are never swallowed.
        asks: what every booking is asked for besides what, when and how long.
        rooms: what rooms are called, in lower case, and the name that stands for each.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        calendar: Calendar,
        weather: Weather,
        messages: Messages,
        now: Callable[[], datetime],
        now_s: Callable[[], float],
        for_house: Callable[[str, str], bool],
        asks: Sequence[str] = (),
        rooms: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.registry = registry
        self._calendar, self._weather, self._messages = calendar, weather, messages
        self._now, self._now_s, self._for_house = now, now_s, for_house
        self._asks, self._rooms = asks, rooms
        self._phrases: tuple[Phrase, ...] = ()
        self._open: dict[str, OpenForm] = {}
        self._replies: OrderedDict[str, asyncio.Task[ToolReply | None]] = OrderedDict()

    def set_phrases(self, phrases: Sequence[Phrase]) -> None:
        """The household's own words for tools of servers."""
        self._phrases = tuple(phrases)

    # --- by voice -------------------------------------------------------------------------------------------------

    def waiting(self, area_id: str) -> bool:
        """Whether the next words of this area answer a question of a tool."""
        held = self._open.get(area_id)
        return held is not None and not held.form.expired(self._now_s())

    def takes_words(self, text: str, area_id: str) -> bool:
        """Whether `heard` would answer these words."""
        return self.waiting(area_id) or self._wanted(text) is not None

    async def heard(self, text: str, *, area_id: str, trace: str) -> ToolReply | None:
        """Answer the words of a whole turn; None when they are not a tool's. The same trace is answered once."""
        task = self._replies.get(trace)
        if task is None:
            task = asyncio.create_task(self._answer(text, area_id, trace), name="tool turn")
            self._replies[trace] = task
            while len(self._replies) > _REMEMBERED and next(iter(self._replies.values())).done():
                self._replies.popitem(last=False)
        # Who is interrupted loses the sentence, never the deed.
        return await asyncio.shield(task)

    def move(self, before: str, area_id: str) -> None:
        """A conversation has gone from one area to another, and what is being asked in it with it."""
        held = self._open.pop(before, None)
        if held is not None:
            self._open[area_id] = held

    def forget(self, area_id: str) -> None:
        """The conversation there is over."""
        self._open.pop(area_id, None)

    async def close(self) -> None:
        """End every turn and every call."""
        for task in self._replies.values():
            task.cancel()
        await asyncio.gather(*self._replies.values(), return_exceptions=True)
        await self.registry.close()

    # --- for a model ----------------------------------------------------------------------------------------------

    def specs(self) -> Sequence[Mapping[str, Any]]:
        """What may be called, as OpenAI's function tools."""
        return [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)},
            }
            for tool in self.registry.tools
        ]

    async def call(self, name: str, arguments: Mapping[str, Any], *, key: str, area_id: str = "") -> ToolResult:
        """Call a tool for a model. One that changes something only puts the question to the person in the area."""
        tool = self.registry.get(name)
        if tool is None:
            raise UnknownToolError("I have no such tool.")
        if not tool.changes:
            return await self.registry.call(name, arguments, key=key, area_id=area_id)
        if not area_id:
            raise ToolError("Nobody is there who could be asked whether that is wanted.")
        try:
            held = self._to_confirm(name, arguments)
        except ValidationError:
            raise BadArgumentsError("The arguments do not fit the tool's schema.") from None
        step = held.form.begin(self._now_s())
        self._open[area_id] = held
        return ToolResult(step.sentence, {"done": False, "waiting_for": "the person's answer to this question"})

    def _to_confirm(self, name: str, arguments: Mapping[str, Any]) -> OpenForm:
        if name == BOOK:
            return confirm_booking(arguments, self._now)
        if name == SEND:
            given = SendArguments.model_validate(dict(arguments))
            recipient = self._messages.recipient(given.to, email=given.email)
            return message_form(recipient.name, given.message, email=recipient.email is not None)
        tool = self.registry.get(name)
        if tool is None:
            raise UnknownToolError("I have no such tool.")
        return tool_form(tool, arguments)

    # --- a turn ---------------------------------------------------------------------------------------------------

    def _wanted(self, text: str) -> ToolRequest | None:
        request = wants(text, self._now(), self._phrases, self._rooms())
        if request is None:
            return None
        return request if self.registry.get(request.tool or _TOOL_OF.get(request.kind, "")) is not None else None

    async def _answer(self, text: str, area_id: str, trace: str) -> ToolReply | None:
        tool = "tools"
        try:
            held = self._open.get(area_id)
            if held is not None and held.form.expired(self._now_s()):
                self.forget(area_id)
                held = None
            if held is not None:
                tool = held.tool
                return await self._go_on(held, text, area_id, trace)
            request = self._wanted(text)
            if request is None:
                return None
            tool = request.tool or _TOOL_OF[request.kind]
            return await self._begin(request, area_id, trace)
        except ToolError as error:
            self.forget(area_id)
            return ToolReply(error.sentence, tool, error.code, carry=_carry(error.sentence))
        except HomeError as error:
            self.forget(area_id)
            return ToolReply(error.spoken, tool, error.code, carry=_carry(error.spoken))

    async def _begin(self, request: ToolRequest, area_id: str, trace: str) -> ToolReply:
        if request.kind == "book":
            held = booking_form(request, self._asks, self._now)
            return await self._proceed(held, held.form.begin(self._now_s()), area_id)
        if request.kind in ("message", "email"):
            recipient = self._messages.recipient(request.values["to"], email=request.kind == "email")
            held = message_form(recipient.name, request.values.get("message"), email=recipient.email is not None)
            return await self._proceed(held, held.form.begin(self._now_s()), area_id)
        if request.kind == "phrase":
            return await self._phrase(request, area_id, trace)
        result = await self._to_rooms(request, area_id, trace)
        if result is None:
            result = await self._question(request)
        return ToolReply(result.sentence, _TOOL_OF[request.kind], carry=_carry(result.sentence))

    async def _phrase(self, request: ToolRequest, area_id: str, trace: str) -> ToolReply:
        tool = self.registry.get(request.tool)
        if tool is None:
            raise UnknownToolError("That tool is not there right now.")
        held = tool_form(tool, request.values)
        step = held.form.begin(self._now_s())
        if step.phase is Phase.CONFIRMING and not tool.changes:
            return await self._execute(held, area_id, trace)
        return await self._proceed(held, step, area_id)

    async def _to_rooms(self, request: ToolRequest, area_id: str, trace: str) -> ToolResult | None:
        """Speak to other rooms; None where that was not asked for."""
        arguments: dict[str, Any]
        if request.kind == "announce":
            arguments = {"text": request.values["message"], "rooms": list(request.rooms)}
        elif request.kind == "intercom":
            arguments = {"room": request.rooms[0]}
        elif request.kind == "hang_up":
            arguments = {}
        else:
            return None
        return await self.registry.call(_TOOL_OF[request.kind], arguments, key=trace, area_id=area_id)

    async def _question(self, request: ToolRequest) -> ToolResult:
        now, when = self._now(), request.when
        if request.kind == "next_event":
            return await self._calendar.next_event()
        start, end = when.span(now)
        if request.kind == "free":
            return await self._calendar.availability(max(start, now), end, clock=when.clock is not None)
        if request.kind == "agenda":
            return await self._calendar.agenda(start, max(end, start + timedelta(minutes=1)), days=when.days)
        question = cast("Question", request.values.get("question", "general"))
        if not when.said:
            return self._weather.current(question) if question != "rain" else await self._today(now, question)
        by_hour = when.part is not None or when.clock is not None
        return await self._weather.forecast(start, end, question, hours=by_hour)

    async def _today(self, now: datetime, question: Question) -> ToolResult:
        """Rain that is not asked about by a time: what falls now, else what the day may bring."""
        current = self._weather.current(question)
        if current.sentence.startswith("Yes"):
            return current
        return await self._weather.forecast(now, now.replace(hour=23, minute=59), question, hours=True)

    async def _go_on(self, held: OpenForm, text: str, area_id: str, trace: str) -> ToolReply | None:
        step = held.form.hear(text, now=self._now(), now_s=self._now_s())
        if not step.understood and self._for_house(text, area_id):
            self.forget(area_id)  # the person turned to something else; nothing is booked
            return None
        if step.phase is Phase.READY:
            self.forget(area_id)
            return await self._execute(held, area_id, trace)
        tool = self.registry.get(held.tool)
        if step.phase is Phase.CONFIRMING and tool is not None and not tool.changes:
            self.forget(area_id)
            return await self._execute(held, area_id, trace)
        return await self._proceed(held, step, area_id)

    async def _proceed(self, held: OpenForm, step: Step, area_id: str) -> ToolReply:
        """Say what the form says; a booking is read back only if its time is free."""
        if step.phase is Phase.DROPPED:
            self.forget(area_id)
            return ToolReply(step.sentence, held.tool, carry=_carry(step.sentence))
        if step.phase is Phase.CONFIRMING and held.tool == BOOK and held.form.values:
            booking = booking_from(held.form.values, self._now())
            if booking.start <= self._now():
                raise ToolError("That time is already over; please say another one.")
            busy = await self._calendar.conflicts(booking.start, booking.end)
            if busy:
                self.forget(area_id)
                sentence = f"That time is not free: there is {busy}. I have booked nothing."
                return ToolReply(sentence, held.tool, "not_free", carry=_carry(sentence))
        self._open[area_id] = held
        return ToolReply(step.sentence, held.tool, asks=True)

    async def _execute(self, held: OpenForm, area_id: str, trace: str) -> ToolReply:
        result = await self.registry.call(held.tool, held.arguments(held.form.values), key=trace, area_id=area_id)
        return ToolReply(result.sentence, held.tool, carry=_carry(result.sentence))


def _carry(sentence: str) -> str:
    """A line for the dialogue's memory."""
    return sentence[:_CARRY_CHARS]
