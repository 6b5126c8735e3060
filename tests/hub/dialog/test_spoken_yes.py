"""A dangerous deed in full duplex: asked about by the house, answered by voice, never on the voice's own word."""

from __future__ import annotations

import pytest

from hub.events import Acted, TurnEnded
from tests.hub.dialog.autonomous_room import story

UNLOCK = "Unlock the front door."
QUESTION = "Do you really want me to unlock the front door? Please say yes or no."
EAGER = ("Sure, I'm unlocking the front door.", "Great, I have unlocked the front door.", "Yes, I unlocked it.")


def calls(room):
    return [(event.domain, event.service) for event in room.seen(Acted)]


async def asked(room, text=UNLOCK):
    await room.user_speaks(text)
    await room.turn()
    assert room.session.said[-1].endswith(QUESTION)
    assert ("lock", "unlock") not in calls(room)


@story(*EAGER)
async def test_the_question_comes_at_once_and_a_yes_unlocks_once(room):
    ended_s = await room.user_speaks(UNLOCK)
    await room.until(lambda: room.session.said)
    assert room.loop.time() - ended_s < 0.6
    await room.turn()
    await room.user_speaks("Yes.", second="yes")
    record = await room.turn(2)
    assert calls(room) == [("lock", "unlock")]
    assert record["actions"][0]["verified"]
    await room.pass_s(5.0)
    assert calls(room) == [("lock", "unlock")]
    assert room.session.said == [QUESTION, record["assistant"]]
    assert room.voices.holds.leaked_words == 0


@pytest.mark.parametrize(
    ("words", "second"),
    [("No.", "no"), ("Yes.", "guess"), ("Yes.", ""), ("What is the time?", "what is the time")],
)
def test_anything_else_leaves_it_locked_and_the_room_is_told(words, second):
    @story(*EAGER)
    async def told(room):
        await asked(room)
        await room.user_speaks(words, second=second)
        await room.turn(2)
        assert "did not unlock" in room.session.said[1]
        await room.user_speaks("Yes.", second="yes")  # about nothing any more
        await room.turn(3)
        await room.pass_s(4.0)
        assert calls(room) == []
        assert room.home.house.entities["lock.front_door"].state == "locked"

    told()


@story(*EAGER)
async def test_silence_leaves_it_locked_says_so_and_ends_the_conversation(room):
    await asked(room)
    asked_s = room.loop.time()
    await room.until(lambda: len(room.session.said) == 2, 30.0)
    assert 12.0 < room.loop.time() - asked_s < 21.0  # there is time to think, whatever the follow-up is
    assert "did not unlock" in room.session.said[1]
    await room.until(lambda: room.closed, 20.0)
    assert room.closed == ["silence"]
    assert len(room.seen(TurnEnded)) == 1
    assert calls(room) == []


@story("Sure.", "Yes, go ahead, I'm unlocking the front door now.", "Yes. Yes, do it.")
async def test_the_voice_cannot_say_yes_itself(room):
    await asked(room)
    await room.user_speaks("I slept so well last night.", second="i slept so well last night")
    await room.turn(2)
    await room.pass_s(5.0)
    assert calls(room) == []


@story("Sure, I'm turning on the kitchen lights and unlocking the front door.")
async def test_of_two_deeds_the_harmless_one_is_done_and_the_other_asked_about(room):
    await asked(room, "Turn on the kitchen lights and unlock the front door.")
    await room.user_speaks("Yes.", second="yes")
    await room.turn(2)
    await room.pass_s(3.0)
    assert calls(room) == [("light", "turn_on"), ("lock", "unlock")]
