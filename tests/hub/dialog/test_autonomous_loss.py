"""A conversation whose own voice dies, or cannot say what the house says, in virtual time."""

from __future__ import annotations

import asyncio

from hub.dialog.life import Life
from hub.engine.scripted import Script, ScriptedEngine
from hub.engine.scripted_duplex import DuplexEngine
from hub.engine.supervisor import SupervisedEngine
from tests.hub.dialog.autonomous_room import LIGHTS, STORY, story


def supervised():
    loop = asyncio.get_running_loop()
    return SupervisedEngine(DuplexEngine(), ScriptedEngine(Script()), publish=lambda _event: None, now_s=loop.time)


@story(STORY, STORY, engine=supervised)
async def test_the_voice_dies_in_the_middle_of_a_word_and_the_house_still_answers(room):
    first, other = room.engine.first, room.engine.other
    await room.user_speaks("Tell me a story, would you?")
    await room.until(lambda: room.talk.agent_speaking)
    await room.pass_s(1.0)
    first.kill()
    lost_s = room.loop.time()
    record = await room.turn()
    assert record["assistant"].startswith("Once upon a time")
    assert len(other.sessions[0].said) == 1
    assert room.sound_after(lost_s + 1.0)
    ended_s = await room.user_speaks(LIGHTS)
    record = await room.turn(2)
    assert record["actions"][0]["verified"]
    assert other.sessions[0].said[-1] == record["assistant"]
    assert record["t_ms"]["audio_out"] - ended_s * 1000 < 2000
    await room.user_speaks("The quarterly figures surprised everybody.")
    await room.until(lambda: room.closed)
    assert room.closed == ["ended"]  # as with any voice that does not chat
    assert len(first.sessions) == 1


@story(STORY, engine=supervised)
async def test_the_voice_dies_while_it_speaks_for_the_house(room):
    await room.user_speaks("Is the garage door open?")
    await room.until(lambda: room.engine.first.sessions[0].said and room.talk.agent_speaking)
    await room.pass_s(0.4)
    room.engine.first.kill()
    record = await room.turn()
    (said,) = room.engine.other.sessions[0].said
    assert said.endswith(record["assistant"])
    assert len(said) > len(record["assistant"])
    assert len({generation for _, generation, _ in room.heard}) == 1  # one answer, from whichever voice


@story(engine=supervised)
async def test_lost_while_the_last_words_of_an_answer_are_still_played_it_is_said_after_them(room):
    await room.user_speaks("Is the garage door open?")
    session = room.engine.first
    await room.until(lambda: session.sessions[0].said and room.talk.agent_speaking)
    await room.until(lambda: not session.sessions[0]._queue)
    assert room.talk.agent_speaking
    session.kill()
    record = await room.turn()
    assert record["t_ms"]["audio_played"] is not None
    await room.until(lambda: not room.talk.agent_speaking)
    assert len({generation for _, generation, _ in room.heard}) == 2
    assert room.begun_s[2] >= max(at for at, generation, _ in room.heard if generation == 1)
    assert room.line.flushed == []


@story(STORY, engine=supervised)
async def test_a_voice_that_says_only_what_it_wants_has_the_house_speak_by_the_cpu(room):
    room.engine.first.script.can_say = False
    await room.user_speaks("Is the garage door open?")
    record = await room.turn()
    assert room.engine.other.sessions[0].said == [record["assistant"]]
    assert room.talk.life is Life.OPEN
    await room.pass_s(0.5)
    assert not room.engine.first.sessions[0].silent
