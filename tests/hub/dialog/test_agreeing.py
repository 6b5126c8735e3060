"""What the user asked for and what a voice that talks by itself says it does: both count, each deed is done once."""

from __future__ import annotations

import asyncio

import pytest

from hub.dialog.hold import Words
from hub.events import Acted, Saying
from hub.hearing.port import Final, HearingError, Partial
from tests.hub.dialog.autonomous_room import LIGHTS, LOUD, story

KITCHEN = ("light.kitchen_lights",)


def done(room):
    return [(event.service, event.entity_ids) for event in room.seen(Acted)]


@story("Sure, I'm turning on the kitchen lights now.")
async def test_an_agreement_acts_before_it_is_over_and_is_the_answer(room):
    ended_s = await room.user_speaks(LIGHTS)
    await room.until(lambda: done(room), 3.0)
    acted_s = room.loop.time()
    record = await room.turn()
    assert acted_s - ended_s < 2.0  # "lights" is its sixth word
    assert acted_s < max(room.sound_after(ended_s))
    assert done(room) == [("turn_on", KITCHEN)]
    assert record["actions"][0]["verified"]
    assert record["assistant"] == "Sure, I'm turning on the kitchen lights now."
    assert room.session.said == []


@story("Sure, I'm turning on the kitchen lights.")
async def test_a_command_known_from_its_words_so_far_is_answered_at_once(room):
    ended_s = await room.user_speaks(LIGHTS, final_after_s=1.2)
    assert 0.15 < room.sound_after(ended_s)[0] - ended_s < 0.4
    record = await room.turn()
    assert done(room) == [("turn_on", KITCHEN)]
    assert record["assistant"] == "Sure, I'm turning on the kitchen lights."
    assert room.voices.holds.leaked_words == 0


@story("Okay.")
async def test_a_mere_okay_stands_for_the_request(room):
    await room.user_speaks(LIGHTS)
    record = await room.turn()
    assert done(room) == [("turn_on", KITCHEN)]
    assert record["assistant"] == "Okay."
    assert room.session.said == []


@story("Let me see what that button does, it is a rather nice one.")
async def test_a_voice_that_stays_vague_does_not_keep_a_request_from_being_done(room):
    await room.user_speaks(LIGHTS)
    record = await room.turn()
    assert done(room) == [("turn_on", KITCHEN)]
    assert record["actions"][0]["verified"]


@story()
async def test_a_voice_that_says_nothing_leaves_deed_and_answer_to_the_house(room):
    ended_s = await room.user_speaks(LIGHTS)
    record = await room.turn()
    assert done(room) == [("turn_on", KITCHEN)]
    assert room.session.said == [record["assistant"]]
    assert room.sound_after(ended_s)[0] - ended_s < 2.6


@pytest.mark.parametrize(
    "wrong", ["Sure, I'm turning off the hallway light.", "Of course, I'm locking the front door."]
)
def test_a_contradiction_does_nothing_and_the_user_is_asked(wrong):
    @story(wrong)
    async def asked(room):
        await room.user_speaks(LIGHTS)
        record = await room.turn()
        assert done(room) == []
        assert room.session.said[0].startswith("Which did you want: turn on the kitchen lights, or ")
        assert record["assistant"].endswith(room.session.said[0])
        assert not any(result["verified"] for result in record["actions"])

    asked()


@story("Sure, I'm turning on the kitchen lights.")
async def test_a_promise_is_not_called_false_before_the_users_words_are_read(room):
    await room.user_speaks(LIGHTS, final_after_s=6.0, partial=False)
    await room.turn()
    await room.pass_s(3.0)
    assert done(room) == [("turn_on", KITCHEN)]
    assert not any("not" in said for said in room.session.said)


@story("That sounds lovely, I'm turning on the kitchen lights for you.")
async def test_an_invented_deed_does_nothing_and_is_taken_back(room):
    await room.user_speaks("I slept so well last night.")
    await room.turn()
    assert done(room) == []
    assert room.session.said == ["I did not turn on the kitchen lights."]


@story("I'm opening the garage door for you right now.")
async def test_of_an_invented_deed_that_nobody_heard_nobody_is_told(room):
    await room.user_speaks("Is the garage door open?")
    record = await room.turn()
    await room.pass_s(3.0)
    assert done(room) == []
    assert room.session.said == [record["assistant"]]
    assert "did not" not in record["assistant"]


@story("Sure, I'm turning on the garage light.")
async def test_what_the_voice_promised_and_the_house_did_not_do_is_said(room):
    await room.user_speaks("Turn on the garage light.")
    record = await room.turn()
    assert not record["actions"][0]["verified"]
    (said,) = room.session.said
    assert "not" in said
    assert record["assistant"] == f"Sure, I'm turning on the garage light. {said}"


@story("Turning on the kitchen lights. There, I have turned on the kitchen lights for you.", "Okay.")
async def test_words_so_far_words_and_promises_are_one_deed_each_turn(room):
    calls, act = [], room.home.act

    async def counted(action, *, trace):
        calls.append((trace, action.service))
        return await act(action, trace=trace)

    room.home.act = counted
    speaking = asyncio.create_task(room.user_speaks(LIGHTS, final_after_s=1.4))
    await asyncio.sleep(0.65)
    for at_s, text in ((0.2, "Turn on the kitchen"), (0.5, "Turn on the kitchen lights"), (0.3, "turn on the kitchen")):
        await asyncio.sleep(at_s)
        room.ears.emit(Partial(text))
    await speaking
    await room.turn()
    await room.pass_s(2.0)
    assert calls == [("trace-0", "turn_on")]
    await room.user_speaks("Turn off the kitchen lights.")
    await room.turn(2)
    assert [service for _, service in calls] == ["turn_on", "turn_off"]
    assert len({trace for trace, _ in calls}) == 2


@story("Sure, I'll turn off the", "As you like.")
async def test_a_promise_that_the_user_cut_short_does_nothing(room):
    await room.user_speaks("Turn off the kitchen lights.")
    await room.until(lambda: room.talk.agent_speaking)
    await room.pass_s(0.3)
    await room.user_speaks("No, leave it.")
    await room.turn(2)
    await room.pass_s(2.5)
    assert done(room) == []


@story("Sure, I'm turning on the kitchen lights.")
async def test_a_voice_lost_before_its_promise_leaves_the_request_to_the_house(room):
    await room.user_speaks(LIGHTS, final_after_s=0.25)
    room.session.autonomous = False
    room.session._hush()
    record = await room.turn()
    assert done(room) == [("turn_on", KITCHEN)]
    assert record["assistant"] == f"Sure, {room.session.said[0]}"
    await room.user_speaks("Turn off the kitchen lights.", final_after_s=0.4)
    decided_s = room.loop.time()
    await room.turn(2)
    assert done(room)[1:] == [("turn_off", KITCHEN)]
    assert room.seen(Saying)[-1].trace == "trace-1"
    assert room.loop.time() - decided_s < 4.0


def deaf(*words):
    class Refusing:
        def open(self, hints, on_event):
            raise HearingError("No recogniser is installed.")

    def wrap(told):
        def play():
            @story(*words, hearing=Refusing())
            async def whole(room):
                await told(room)

            whole()

        play.__name__ = told.__name__
        return play

    return wrap


@deaf("Sure, I'm turning on the kitchen lights.")
async def test_without_a_recogniser_a_harmless_promise_acts_when_somebody_spoke(room):
    await room.pass_s(1.0, LOUD)
    await room.until(lambda: done(room), 6.0)
    assert done(room) == [("turn_on", KITCHEN)]
    assert room.talk._hold.state is Words.FREE


@deaf("Sure, I'm unlocking the front door.")
async def test_without_a_recogniser_nothing_dangerous_is_done(room):
    await room.pass_s(1.0, LOUD)
    await room.pass_s(6.0)
    assert done(room) == []
    assert room.home.house.entities["lock.front_door"].state == "locked"


@story()
async def test_a_question_that_the_recogniser_garbled_is_not_left_to_the_voice(room):
    room.session._script.replies = ["Yes, it is armed, do not worry."]
    start = room.samples
    await room.pass_s(1.0, LOUD)
    room.ears.emit(Partial("Is the alarm?"))
    await room.pass_s(0.9)
    room.ears.emit(Final("is the alarm arm?", start, start + 24_000, 0.9))
    record = await room.turn()
    assert record["assistant"] is not None
    assert room.session.said == [record["assistant"]]


@story("Of course, I'm locking the front door.", evidence="user")
async def test_a_household_may_let_the_users_words_alone_act(room):
    await room.user_speaks(LIGHTS)
    record = await room.turn()
    assert done(room) == [("turn_on", KITCHEN)]
    assert room.session.said == [record["assistant"]], "the house says what it did, not the voice"


@story("Let me see what that button does, it is a rather nice one.", evidence="assistant")
async def test_or_only_what_the_voice_takes_up(room):
    await room.user_speaks(LIGHTS)
    await room.turn()
    assert done(room) == []


@story(
    "The evenings are drawing in and the weather has been so lovely this week and everybody in town was out walking by "
    "the river with their dogs and had a very good time of it."
)
async def test_a_voice_that_rambles_on_does_not_delay_a_clear_request(room):
    ended_s = await room.user_speaks(LIGHTS, final_after_s=0.5)
    await room.until(lambda: done(room), 5.0)
    assert done(room) == [("turn_on", KITCHEN)]
    assert room.loop.time() - ended_s < 2.6  # 1.5 s after the transcript, which is half a second late


@story("The weather has been so lovely this week and the whole town was out, I'm turning on the kitchen lights now.")
async def test_a_request_done_while_the_voice_rambles_is_not_done_again_by_its_late_promise(room):
    await room.user_speaks(LIGHTS)
    await room.turn()
    assert done(room) == [("turn_on", KITCHEN)]


@story("Well, lamps are lovely things to have about, but I'm not sure that I should touch the kitchen lights now.")
async def test_a_voice_that_objects_late_in_its_first_breath_is_heard_out(room):
    await room.user_speaks(LIGHTS)
    await room.pass_s(1.0)
    assert done(room) == []
