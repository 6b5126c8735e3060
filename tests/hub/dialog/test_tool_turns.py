"""Turns that a tool answers, and tools that an expert calls, in a conversation with a voice that talks by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hub.dialog.expert import Expert
from hub.events import Acted, TurnEnded
from hub.llm.port import Ended, Piece, ToolCall
from hub.tools.port import ToolReply
from tests.hub.dialog.autonomous_room import LIGHTS, STORY, story

READ_BACK = "The dentist on Monday at nine, for an hour. Shall I book that?"


class Diary:
    """Asks on which day, books on the answer, and is left alone with anything about lights."""

    def __init__(self):
        self.asking, self.heard_texts, self.forgotten = False, [], 0

    def waiting(self, area_id):
        return self.asking

    def takes_words(self, text, area_id):
        return self.asking or "dentist" in text

    async def heard(self, text, *, area_id, trace):
        self.heard_texts.append((text, area_id, trace))
        if "lights" in text:
            self.asking = False
            return None
        self.asking = not self.asking
        if self.asking:
            return ToolReply("On what day?", "calendar_book", asks=True)
        return ToolReply("Your appointment is booked.", "calendar_book", carry="Dentist on Monday at nine.")

    def move(self, before, area_id):
        pass

    def forget(self, area_id):
        self.asking = False
        self.forgotten += 1


class Model:
    """Calls the diary's function, then answers with whatever it likes."""

    name = "model"

    def __init__(self):
        self.asked = []

    async def answer(self, messages, tools=()):
        self.asked.append((list(messages), [tool["function"]["name"] for tool in tools]))
        if tools and messages[-1].role != "tool":
            yield Ended((ToolCall("1", "calendar_book", json.dumps({"what": "dentist"})),))
            return
        yield Piece("I have put that into your calendar for you.")
        yield Ended()

    async def close(self):
        pass


class Box:
    """What a room's tools are for a model."""

    def __init__(self, calls, area_id, trace):
        self.calls, self.area_id, self.trace = calls, area_id, trace

    def specs(self):
        return [{"type": "function", "function": {"name": "calendar_book", "parameters": {"type": "object"}}}]

    async def call(self, name, arguments):
        self.calls.append((name, arguments, self.area_id, self.trace))
        return json.dumps({"sentence": READ_BACK, "done": False, "waiting_for": "the person's answer"})


def wise(model, toolbox=None):
    expert = Expert(model, now_s=lambda: 0.0, wall_clock=lambda: datetime(2026, 11, 21, tzinfo=UTC))
    return {"expert": expert, "is_difficult": lambda text: text.startswith("Explain"), "toolbox": toolbox}


def test_a_tools_question_keeps_the_room_open_and_its_answer_is_carried_on():
    diary, model = Diary(), Model()

    @story(STORY, STORY, STORY, tools=diary, **wise(model))
    async def told(room):
        await room.user_speaks("Book the dentist.")
        await room.turn()
        assert room.session.said == ["On what day?"]
        await room.pass_s(room.voices.follow_up_s + 6.0)  # somebody looks for a pencil
        assert room.closed == []
        await room.user_speaks("On Monday at nine.")
        await room.turn(2)
        assert room.session.said[1:] == ["Your appointment is booked."]
        assert [area for _, area, _ in diary.heard_texts] == ["kitchen", "kitchen"]
        assert len({trace for _, _, trace in diary.heard_texts}) == 2
        await room.user_speaks("Explain the tides.")
        await room.turn(3)
        known = " ".join(message.content for message in model.asked[0][0])
        assert "Your appointment is booked. Dentist on Monday at nine." in known
        await room.until(lambda: room.closed, 12.0)
        assert diary.forgotten == 1
        assert room.voices.holds.leaked_words == 0

    told()


def test_words_that_turn_away_from_a_tool_are_the_houses_after_all():
    diary = Diary()

    @story("Sure, I'm turning on the kitchen lights.", STORY, tools=diary)
    async def told(room):
        diary.asking = True
        await room.user_speaks(LIGHTS)
        record = await room.turn()
        assert [(event.service, event.entity_ids) for event in room.seen(Acted)] == [
            ("turn_on", ("light.kitchen_lights",))
        ]
        assert record["trace"] == "trace-0"
        assert record["actions"][0]["verified"]
        assert record["assistant"]
        assert len(room.seen(TurnEnded)) == 1

    told()


def test_what_an_experts_tool_wants_to_know_is_asked_word_for_word():
    model, calls = Model(), []

    @story(STORY, **wise(model, lambda area, trace: Box(calls, area, trace)))
    async def told(room):
        await room.user_speaks("Explain to me when the dentist has time and book it.")
        record = await room.turn()
        assert calls == [("calendar_book", {"what": "dentist"}, "kitchen", "trace-0")]
        assert model.asked[0][1] == ["calendar_book"]
        assert room.session.said[-1] == READ_BACK
        assert record["assistant"].endswith(READ_BACK)
        await room.pass_s(room.voices.follow_up_s + 6.0)
        assert room.closed == []

    told()
