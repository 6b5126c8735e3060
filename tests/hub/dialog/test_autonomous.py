"""A conversation with a voice that hears and talks by itself, in virtual time."""

from __future__ import annotations

import asyncio

import numpy as np

from hub.dialog.life import Life
from hub.dialog.mouth import DUCK_DB
from hub.dialog.turns import MONOLOGUE_S
from hub.engine.port import AudioOut, Persona, UtteranceEnded
from hub.events import AssistantText, HeardFinal, HeardPartial, Saying, TurnEnded
from hub.hearing.port import Final, Partial, SpeechStarted
from protocol.messages import Duck
from tests.hub.dialog.autonomous_room import LIGHTS, LOUD, STORY, story


@story("It is a lovely day, is it not?")
async def test_what_is_not_for_the_house_the_voice_answers_once_that_is_known(room):
    ended_s = await room.user_speaks("I slept so well last night.")
    assert room.heard == []  # the voice has been talking for a third of a second by now
    assert room.session._own is not None
    record = await room.turn()
    assert record["user"] == "I slept so well last night."
    assert record["assistant"] == "It is a lovely day, is it not?"
    assert record["actions"] == []
    t_ms = record["t_ms"]
    assert t_ms["transcript"] <= t_ms["understood"] <= t_ms["audio_out"] <= t_ms["audio_played"]
    assert t_ms["audio_out"] - ended_s * 1000 < 620
    assert room.session.said == []
    pieces = room.seen(AssistantText)
    assert "".join(event.piece for event in pieces).strip() == record["assistant"]
    frames = [event.frame for event in pieces]
    assert frames == sorted(frames)
    assert frames[0] > 0
    assert room.session.user_texts == ["I slept so well last night."]
    assert room.voices.holds.leaked_words == 0


@story("It is closed, of course it is.", STORY)
async def test_a_question_about_the_house_is_answered_by_what_is_true_and_by_nothing_else(room):
    await room.user_speaks("Is the garage door open?")
    record = await room.turn()
    assert "garage door" in record["assistant"]
    assert room.session.said == [record["assistant"]]
    assert len(room.seen(Saying)) == 1
    assert len({generation for _, generation, _ in room.heard}) == 1
    await room.pass_s(0.2)
    assert not room.session.silent  # it may talk again
    await room.user_speaks("That is really kind of you.")
    assert (await room.turn(2))["assistant"] == STORY


@story("Well, let me think about that one.")
async def test_words_that_nobody_has_understood_in_time_are_not_held_longer(room):
    ended_s = await room.user_speaks("I slept so well last night.", final_after_s=1.5)
    first_s = room.sound_after(ended_s)[0]
    assert 0.55 < first_s - ended_s < 0.9
    record = await room.turn()
    assert record["assistant"] == "Well, let me think about that one."
    assert record["t_ms"]["audio_out"] is not None
    assert room.line.flushed == []


@story("Oh, the lights, I would not know.")
async def test_words_that_escaped_before_a_slow_recogniser_had_the_question_are_cut_and_counted(room):
    ended_s = await room.user_speaks("Is the kitchen light on?", final_after_s=1.2, partial=False)
    assert room.sound_after(ended_s)
    record = await room.turn()
    assert room.session.said == [record["assistant"]]
    assert room.line.flushed == [1]
    assert 1 <= room.voices.holds.leaked_words <= 12


@story("Oh, the lights, I would not know.")
async def test_words_so_far_that_are_a_question_hold_the_voice_until_the_end(room):
    ended_s = await room.user_speaks("Is the kitchen light on?", final_after_s=1.2)
    assert room.sound_after(ended_s) == []
    record = await room.turn()
    assert room.session.said == [record["assistant"]]
    assert room.voices.holds.leaked_words == 0


@story(STORY, "As you like.")
async def test_words_over_the_talk_duck_it_and_then_cut_it_and_what_was_heard_is_known(room):
    await room.user_speaks("Tell me a story, would you?")
    await room.until(lambda: room.talk.agent_speaking)
    await room.pass_s(1.6)
    cut_s = room.loop.time()
    await room.user_speaks("No, something with horses.")
    record = await room.turn(1)
    assert room.line.of(Duck)[0].gain_db == DUCK_DB
    assert room.line.flushed == [1]
    assert room.session.interruptions == 1
    assert STORY.startswith(record["assistant"])
    assert 4 <= len(record["assistant"].split()) <= 10
    heard = [at for at in room.sound_after(cut_s) if at < cut_s + 1.5]
    assert max(heard) - cut_s < 0.75  # the words were known 0.6 s after the first sound
    assert (await room.turn(2))["assistant"] == "As you like."


@story(STORY)
async def test_a_backchannel_over_the_talk_costs_no_word(room):
    await room.user_speaks("Tell me a story, would you?")
    await room.until(lambda: room.talk.agent_speaking)
    await room.pass_s(1.0)
    await room.user_speaks("Mm-hm.")
    assert (await room.turn())["assistant"] == STORY
    assert room.line.flushed == []
    assert [duck.gain_db for duck in room.line.of(Duck)] == [DUCK_DB, 0.0]


@story(STORY)
async def test_the_house_announces_after_a_pause_and_the_voice_listens_meanwhile(room):
    await room.user_speaks("Tell me a story, would you?")
    await room.until(lambda: room.talk.agent_speaking)
    announcing = asyncio.create_task(room.talk.announce("The tea is ready."))
    await room.until(announcing.done, 15.0)
    assert announcing.result().ended.result() == "finished"
    assert announcing.result().ids == (4, 5, 6, 7)
    assert room.session.said == ["The tea is ready."]
    assert (await room.turn())["assistant"] == STORY
    assert not room.session.silent


@story(" ".join([STORY] * 4))
async def test_the_house_does_not_wait_for_the_end_of_a_long_story(room):
    await room.user_speaks("Tell me a story, would you?")
    await room.until(lambda: room.talk.agent_speaking)
    begun_s = room.loop.time()
    announcing = asyncio.create_task(room.talk.announce("The tea is ready."))
    await room.until(announcing.done, 20.0)
    assert announcing.result().ended.result() == "finished"
    assert 8.0 < room.loop.time() - begun_s < 11.0
    assert room.line.flushed == [1]
    assert STORY in (await room.turn())["assistant"]


@story()
async def test_a_greeting_does_not_fall_into_the_words_after_the_wake_word(room):
    for frame in range(40):
        room.session._on_event(AudioOut(np.full(1920, 3000, np.int16), 0, frame))
        if frame == 4:
            speaking = asyncio.create_task(room.user_speaks(LIGHTS))
        await asyncio.sleep(0.08) if frame > 4 else await room.pass_s(0.08)
    await speaking
    record = await room.turn()
    assert room.session.said == [record["assistant"]]
    assert len({generation for _, generation, _ in room.heard}) == 1


@story()
async def test_a_greeting_that_nobody_talks_over_is_heard(room):
    for frame in range(10):
        room.session._on_event(AudioOut(np.full(1920, 3000, np.int16), 0, frame))
        await room.pass_s(0.08)
    room.session._on_event(UtteranceEnded(0))
    await room.until(lambda: not room.talk.agent_speaking)
    assert sum(loud for _, _, loud in room.heard) == 40


@story("Well, let me think about that one.")
async def test_words_that_the_recogniser_is_late_with_do_not_cut_the_answer_to_them(room):
    speaking = asyncio.create_task(room.user_speaks("I slept so well last night.", final_after_s=1.5))
    await room.until(lambda: room.talk.agent_speaking)
    room.ears.emit(Partial("I slept so well last night"))
    await speaking
    assert (await room.turn())["assistant"] == "Well, let me think about that one."
    assert room.line.flushed == []


@story("One.", "Two.", "Three.")
async def test_chatting_goes_on_and_a_goodbye_ends_it(room):
    for number, text in enumerate(("I slept well.", "The dog slept too.", "So did the cat."), 1):
        await room.user_speaks(text)
        await room.turn(number)
    assert room.talk.life is Life.OPEN
    await room.user_speaks("Goodbye.")
    await room.until(lambda: room.closed)
    assert room.closed == ["ended"]
    assert len(room.session.said) == 1


@story()
async def test_a_voice_that_has_nothing_to_say_ends_the_turn_and_silence_the_conversation(room):
    await room.user_speaks("I slept so well last night.")
    record = await room.turn()
    assert record["assistant"] is None
    assert record["t_ms"]["audio_out"] is None
    await room.until(lambda: room.closed, 10.0)
    assert room.closed == ["silence"]


@story(" ".join([STORY] * 60))
async def test_a_voice_that_talks_to_nobody_for_minutes_loses_the_room(room):
    await room.user_speaks("Tell me a story, would you?")
    await room.until(lambda: room.closed, MONOLOGUE_S + 30.0)
    assert room.closed == ["silence"]


@story("Hello there, what can I do for you?")
async def test_the_voice_is_fed_at_all_times_and_frames_are_counted_from_the_first(room):
    assert room.session.request.persona == Persona("butler", "NATF2", "You serve in the kitchen.")
    await room.pass_s(0.8)
    await room.user_speaks("I slept so well last night.")
    await room.turn()
    assert room.session.heard_samples == room.samples
    (final,) = room.seen(HeardFinal)
    assert final.frame == (0.8 + 1.0) * 12.5 // 1
    assert room.seen(HeardPartial)[0].frame == (0.8 + 0.6) * 12.5 // 1


@story("One moment.")
async def test_noise_without_words_lets_the_voice_talk_again(room):
    start = room.samples
    await room.pass_s(0.5, LOUD)
    room.ears.emit(SpeechStarted(start))
    room.ears.emit(Final("", start, start + 4800, 0.0))
    await room.until(lambda: room.heard, 2.0)
    assert room.seen(TurnEnded) == []
