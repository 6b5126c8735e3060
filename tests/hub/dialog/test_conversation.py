from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from hub.dialog.backchannel import is_backchannel
from hub.dialog.conversation import Conversation
from hub.dialog.life import Life
from hub.dialog.mouth import DUCK_DB
from hub.dialog.voices import Opening
from hub.engine.port import EngineBusyError
from hub.events import Acted, Saying, TurnEnded
from hub.hearing.port import Final, Partial, SpeechStarted
from protocol.messages import Duck
from tests.hub.dialog.conftest import FakeLine

QUIET = np.zeros(480, np.int16)


def now_ms():
    return time.monotonic() * 1000.0


@pytest.fixture
async def talk(cast):
    closed = []
    generations = iter(range(1, 100))
    opening = Opening("s-1", "trace-0", "alexa", "kitchen: alone", now_ms() - 900, now_ms() - 200, now_ms())
    conversation = Conversation(
        cast.line,
        opening,
        cast.voices,
        next_generation=lambda _line: next(generations),
        on_closed=lambda _conversation, reason: closed.append(reason),
    )
    conversation.closed_with = closed
    cast.line.on_playback = lambda _line, playback: conversation.playback(_line, playback, now_ms())
    await conversation.open()
    yield conversation
    await conversation.close("test_over")


def heard(cast, text):
    cast.hearing.streams[-1].emit(Final(text, 0, 24_000, 0.9, decoded_ms=now_ms()))


async def until(condition, seconds=3.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_sentence_turns_on_the_light_and_is_answered_truthfully(cast, talk):
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.seen(TurnEnded))
    record = cast.seen(TurnEnded)[0].record
    assert record["user"] == "Turn on the kitchen lights."
    assert record["trace"] == "trace-0"
    assert record["why"] == "kitchen: alone"
    assert [action["service"] for action in record["actions"]] == ["turn_on"]
    assert all(action["verified"] for action in record["actions"])
    changed = [entity for action in record["actions"] for entity in action["entity_id"]]
    assert all(cast.home.house.entities[entity].state == "on" for entity in changed)
    assert record["assistant"] == cast.engine.said[0]
    times = [at for at in record["t_ms"].values() if at is not None]
    assert len(times) >= 8
    assert record["t_ms"]["ha_call"] <= record["t_ms"]["audio_out"] <= record["t_ms"]["audio_played"]
    assert cast.seen(Acted)[0].trace == cast.seen(Saying)[0].trace == "trace-0"


def paused(cast, *texts):
    for text in texts:
        cast.hearing.streams[-1].emit(Partial(text, paused=text is texts[-1], steady=True))


def lit(cast, *lights):
    return [cast.home.house.entities[f"light.{light}"].state for light in lights]


async def test_a_steady_request_is_done_before_its_turn_is_over_and_told_once(cast, talk):
    paused(cast, "turn on the desk", "turn on the desk lamp")
    await until(lambda: cast.seen(Acted))
    assert lit(cast, "desk_lamp") == ["on"]
    assert cast.engine.said == []
    heard(cast, "Turn on the desk lamp.")
    await until(lambda: cast.seen(TurnEnded))
    record = cast.seen(TurnEnded)[0].record
    assert len(record["actions"]) == len(cast.seen(Acted)) == 1
    assert record["t_ms"]["ha_call"] <= record["t_ms"]["transcript"]
    assert record["assistant"] == "The desk lamp is on."


async def test_what_the_turn_did_not_mean_is_taken_back_and_not_told(cast, talk):
    paused(cast, "turn on the desk", "turn on the desk lamp")
    heard(cast, "Turn on the desk lamp, no, the hallway light.")
    await until(lambda: cast.seen(TurnEnded))
    assert lit(cast, "desk_lamp", "hallway_light") == ["off", "on"]
    assert "desk lamp is on" not in cast.seen(TurnEnded)[0].record["assistant"]
    assert "hallway light is on" in cast.seen(TurnEnded)[0].record["assistant"]


async def test_what_was_overtaken_and_left_nothing_to_take_back_is_not_told(cast, talk):
    heard(cast, "Turn on the desk lamp.")
    await until(lambda: cast.seen(TurnEnded))
    paused(cast, "turn on the desk", "turn on the desk lamp")
    await until(lambda: len(cast.seen(Acted)) == 2)
    heard(cast, "Set the desk lamp to twenty percent.")
    await until(lambda: len(cast.seen(TurnEnded)) == 2)
    record = cast.seen(TurnEnded)[1].record
    assert [action["data"] for action in record["actions"]] == [{"brightness_pct": 20}]
    assert record["assistant"].count("lamp") == 1
    assert lit(cast, "desk_lamp") == ["on"]
    heard(cast, "Undo that.")
    await until(lambda: len(cast.seen(TurnEnded)) == 3)
    assert cast.home.house.entities["light.desk_lamp"].attributes["brightness"] == 255


async def test_what_was_no_speech_at_all_is_taken_back_in_silence(cast, talk):
    paused(cast, "turn on the desk", "turn on the desk lamp")
    await until(lambda: lit(cast, "desk_lamp") == ["on"])
    heard(cast, "")
    await until(lambda: lit(cast, "desk_lamp") == ["off"])
    assert cast.engine.said == []


async def test_the_second_turn_needs_no_wake_word_and_has_its_own_trace(cast, talk):
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: len(cast.seen(TurnEnded)) == 1)
    heard(cast, "Is the garage door open?")
    await until(lambda: len(cast.seen(TurnEnded)) == 2)
    second = cast.seen(TurnEnded)[1].record
    assert second["turn"] == 2
    assert second["trace"] != "trace-0"
    assert second["t_ms"]["wake"] is None
    assert second["actions"] == []


async def test_silence_ends_it(cast, talk):
    await until(lambda: talk.closed_with)
    assert talk.closed_with == ["silence"]
    assert cast.hearing.streams[0].closed
    assert cast.engine.sessions[0].closed


async def test_somebody_speaking_is_not_silence(cast, talk):
    cast.hearing.streams[0].emit(SpeechStarted(0))
    await asyncio.sleep(0.6)
    assert talk.life is Life.OPEN


async def test_goodbye_ends_it_after_the_answer(cast, talk):
    heard(cast, "Goodbye.")
    await until(lambda: talk.closed_with)
    assert talk.closed_with == ["ended"]
    assert cast.engine.said


async def test_words_over_the_answer_cut_it_short(cast, talk):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    stream = cast.hearing.streams[0]
    stream.emit(SpeechStarted(0))
    assert cast.line.of(Duck)[-1].gain_db == DUCK_DB
    stream.emit(Partial("no turn"))
    assert cast.line.flushed == cast.line.generations
    await until(lambda: cast.seen(TurnEnded))
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 0.1, False, True
    heard(cast, "No, turn off the kitchen lights.")
    await until(lambda: len(cast.seen(TurnEnded)) == 2)
    assert cast.line.of(Duck)[-1].gain_db == 0.0


async def test_a_backchannel_ducks_and_loses_no_word(cast, talk):
    cast.engine.seconds, cast.line.plays = 1.0, True
    cast.engine.hold = True
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    stream = cast.hearing.streams[0]
    stream.emit(SpeechStarted(0))
    stream.emit(Partial("Mm-hm."))
    stream.emit(Final("Mm-hm.", 0, 4800, 0.5))
    assert cast.line.flushed == []
    assert cast.line.of(Duck)[-1].gain_db == 0.0
    assert talk.agent_speaking


async def test_a_satellite_that_has_turned_itself_down_is_left_to_turn_itself_up(cast, talk):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    talk.audio(QUIET, 0, now_ms(), speech=True, ducked=True)
    stream = cast.hearing.streams[0]
    stream.emit(SpeechStarted(0))
    stream.emit(Partial("And then", 256.0))
    stream.emit(Final("And then, mom.", 0, 11_000, 0.4))
    assert cast.line.of(Duck) == []
    assert cast.line.flushed == []
    assert talk.agent_speaking


async def test_one_that_has_not_is_restored_as_soon_as_it_hears_nobody(cast, talk):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    talk.audio(QUIET, 0, now_ms(), speech=True)
    cast.hearing.streams[0].emit(SpeechStarted(0))
    for frame in range(1, 8):
        talk.audio(QUIET, frame * 480, now_ms())
    assert [duck.gain_db for duck in cast.line.of(Duck)] == [DUCK_DB]
    talk.audio(QUIET, 8 * 480, now_ms())
    assert [duck.gain_db for duck in cast.line.of(Duck)] == [DUCK_DB, 0.0]


@pytest.mark.parametrize(
    ("partial", "cut"),
    [
        (Partial("What about?", 416.0), True),
        (Partial("No, no", 416.0), True),
        (Partial("Stop.", 224.0), True),
        (Partial("Thank you.", 256.0), False),
        (Partial("And?", 256.0), False),
        (Partial("Amen.", 480.0, paused=True), False),
        (Partial("And the other one?", 640.0), True),
        (Partial("Yeah.", 640.0), False),
        (Partial("Oh yes, I see.", 900.0), False),
        (Partial("Okay, I say,", 864.0), False),
    ],
)
async def test_first_words_cut_it_short_unless_they_may_be_a_hum(cast, talk, partial, cut):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    assert cast.hearing.streams[0].hints.is_over()
    cast.hearing.streams[0].emit(SpeechStarted(0))
    cast.hearing.streams[0].emit(partial)
    assert bool(cast.line.flushed) is cut


async def test_agreement_that_is_read_after_the_last_word_is_no_turn(cast, talk):
    cast.engine.seconds = 0.3
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: talk.agent_speaking)
    cast.hearing.streams[0].emit(SpeechStarted(0))
    await until(lambda: not talk.agent_speaking)
    heard(cast, "Yeah, okay, right.")
    heard(cast, "Turn off the kitchen lights.")
    await until(lambda: len(cast.seen(TurnEnded)) == 2)
    assert cast.seen(TurnEnded)[1].record["user"] == "Turn off the kitchen lights."


async def test_a_yes_over_the_end_of_a_question_is_its_answer(cast, talk):
    cast.engine.seconds = 0.3
    heard(cast, "Unlock the front door.")
    await until(lambda: talk.agent_speaking)
    cast.hearing.streams[0].emit(SpeechStarted(0))
    await until(lambda: not talk.agent_speaking)
    cast.hearing.streams[0].emit(Final("Yes.", 0, 24_000, 0.9, second="Yes.", decoded_ms=now_ms()))
    await until(lambda: len(cast.seen(TurnEnded)) == 2)
    assert [act.service for act in cast.seen(Acted)] == ["unlock"]


async def test_the_rest_of_a_word_in_another_room_cuts_nothing_short(cast, talk):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    stream, hall = cast.hearing.streams[0], FakeLine(area_id="hallway")
    talk.audio(QUIET, 0, 1000.0)
    talk.move(hall)
    talk.audio(QUIET, 0, 1020.0, speech=True)
    stream.emit(SpeechStarted(1920))
    stream.emit(Partial("The trust.", 330.0))
    assert talk.agent_speaking
    stream.emit(Partial("The truth is,", 650.0))
    assert not talk.agent_speaking


@pytest.mark.parametrize(
    ("text", "ducked", "counts"),
    [("Thank you.", False, False), ("Thank you.", True, True), ("Stop.", False, True)],
)
async def test_a_rest_of_the_own_voice_is_no_turn_however_late_it_is_read(cast, talk, text, ducked, counts):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    stream = cast.hearing.streams[0]
    stream.emit(SpeechStarted(0))
    talk.audio(QUIET, 0, now_ms(), ducked=ducked)
    for _ in range(150):  # three seconds in which a busy machine reads
        talk.audio(QUIET, 0, now_ms())
    stream.emit(Final(text, 0, 4800, 0.5))
    assert bool(cast.line.flushed) is counts


async def test_a_noise_ducks_only_for_a_moment(cast, talk):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    cast.hearing.streams[0].emit(SpeechStarted(0))
    await until(lambda: cast.line.of(Duck)[-1].gain_db == 0.0)
    assert cast.line.flushed == []


async def test_talk_that_is_not_for_the_house_changes_nothing_and_gets_one_answer(cast, talk):
    before = dict(cast.home.house.entities)
    heard(cast, "The quarterly figures surprised everybody at the meeting.")
    await until(lambda: cast.seen(TurnEnded))
    assert cast.home.house.entities == before
    assert len(cast.engine.said) == 1
    heard(cast, "And then the accountant left for Portugal.")
    await until(lambda: talk.closed_with)
    assert len(cast.engine.said) == 1


async def test_a_busy_engine_is_said_at_once(cast):
    cast.engine.busy = True
    opening = Opening("s-2", "t", "alexa", "why", None, 0.0, 0.0)
    conversation = Conversation(
        cast.line, opening, cast.voices, next_generation=lambda _line: 1, on_closed=lambda *_: None
    )
    with pytest.raises(EngineBusyError):
        await conversation.open()
    await conversation.close("busy")


async def test_a_full_house_of_unanswered_sentences_forgets_the_oldest(cast, talk):
    cast.line.plays = False
    for number in range(20):
        heard(cast, f"sentence {number}")
    await asyncio.sleep(0)
    assert talk._turns.waiting.qsize() <= 4


def test_backchannels():
    assert is_backchannel("Mm-hmm.")
    assert is_backchannel("Yeah, okay.")
    assert is_backchannel("")
    assert not is_backchannel("Stop.")
    assert not is_backchannel("yeah turn it off")
