"""What goes wrong at the edges of a conversation, each once found the hard way."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from hub.dialog import leg, speaking
from hub.dialog.conversation import Conversation
from hub.dialog.journal import Journal
from hub.dialog.life import Life
from hub.dialog.turn import Turn
from hub.dialog.voices import Opening
from hub.engine.port import EngineError
from hub.errors import StoreError
from hub.events import Trouble, TurnEnded
from hub.hearing.port import Final, Partial, SpeechStarted
from hub.understanding.house import Action, ActionResult
from protocol.messages import Playback


def call(trace="trace-0", *, onset_ms=1.0, wake_ms=2.0, floor_ms=3.0):
    return Opening("s-1", trace, "alexa", "why", onset_ms, wake_ms, floor_ms)


@pytest.fixture
async def made(cast):
    closed, generations = [], iter(range(1, 1000))
    talk = Conversation(
        cast.line,
        call(),
        cast.voices,
        next_generation=lambda _line: next(generations),
        on_closed=lambda _talk, reason: closed.append(reason),
    )
    talk.closed_with = closed
    cast.line.on_playback = lambda _line, playback: talk.playback(_line, playback, cast.voices.now_ms())
    yield talk
    await talk.close("test_over")


def heard(cast, text, **at):
    cast.hearing.streams[-1].emit(
        Final(text, at.get("start", 0), at.get("end", 24_000), 0.9, decoded_ms=at.get("decoded_ms", 0.0))
    )


async def until(condition, seconds=3.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_closed_while_it_opens_it_leaves_nothing_open(cast, made):
    cast.engine.opening_s = 0.05
    opening = asyncio.create_task(made.open())
    await asyncio.sleep(0.01)
    await made.close("stopped")
    assert await opening is False
    assert all(session.closed for session in cast.engine.sessions)
    assert cast.hearing.streams == []
    assert made.life is Life.CLOSED


@pytest.mark.parametrize("part", ["ears", "engine", "interrupt"])
async def test_a_part_that_cannot_end_does_not_keep_the_floor(cast, made, part):
    await made.open()

    async def breaks():
        raise ZeroDivisionError

    def breaks_now():
        raise ZeroDivisionError

    if part == "ears":
        cast.hearing.streams[0].close = breaks
    elif part == "engine":
        cast.engine.sessions[0].close = breaks
    else:
        cast.engine.sessions[0].interrupt = breaks_now
    await made.close("stopped")
    assert made.closed_with == ["stopped"]
    assert part == "engine" or cast.engine.sessions[0].closed


async def test_everybody_who_closes_it_waits_for_the_end(cast, made):
    await made.open()
    release = asyncio.Event()
    cast.hearing.streams[0].close = release.wait
    made.close_soon("silence")
    second = asyncio.create_task(made.close("hub_stopping"))
    await asyncio.sleep(0.01)
    assert not second.done()
    release.set()
    await second
    assert made.closed_with == ["silence"]


async def test_a_cancelled_closer_does_not_stop_the_closing(cast, made):
    await made.open()
    release = asyncio.Event()
    cast.hearing.streams[0].close = release.wait
    closer = asyncio.create_task(made.close("stopped"))
    await asyncio.sleep(0.01)
    closer.cancel()
    release.set()
    await made.closed()
    assert made.closed_with == ["stopped"]


async def test_a_voice_that_speaks_before_say_returned_is_heard_whole(cast, made):
    cast.engine.eager = True
    await made.open()
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.seen(TurnEnded))
    assert sum(frame.any() for *_, frame in cast.line.audio) == 5


async def test_a_voice_that_falls_silent_in_mid_sentence_frees_the_room(cast, made, monkeypatch):
    monkeypatch.setattr(leg, "STALL_S", 0.1)
    cast.engine.hold = True
    await made.open()
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.seen(TurnEnded))
    assert [trouble.code for trouble in cast.seen(Trouble)] == ["engine_failed"]
    await until(lambda: made.closed_with)


async def test_a_line_that_breaks_in_mid_answer_frees_the_room(cast, made):
    def breaks(*_args, **_kwargs):
        raise ZeroDivisionError

    cast.line.send_audio = breaks
    await made.open()
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.seen(TurnEnded))
    await until(lambda: made.closed_with)


async def test_an_error_in_mid_sentence_is_said_and_the_conversation_goes_on(cast, made):
    cast.engine.fails = True
    await made.open()
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.seen(Trouble))
    assert len(cast.seen(TurnEnded)) == 1
    cast.engine.fails = False
    heard(cast, "Turn off the kitchen lights.")
    await until(lambda: len(cast.seen(TurnEnded)) == 2)
    assert len(cast.seen(Trouble)) == 1


async def test_what_was_heard_is_recorded_even_if_the_house_never_answers(cast, made):
    async def never(_action, *, trace):
        await asyncio.Event().wait()

    cast.home.act = never
    await made.open()
    heard(cast, "Turn on the kitchen lights.")
    await asyncio.sleep(0.05)
    await made.close("hub_stopping")
    (turn,) = cast.seen(TurnEnded)
    assert turn.record["user"] == "Turn on the kitchen lights."
    assert turn.record["t_ms"]["ha_call"] is None


async def test_a_call_in_a_conversation_has_its_own_trace_and_loses_no_word(cast, made):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    await made.open()
    heard(cast, "Alexa, turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    stream = cast.hearing.streams[0]
    stream.emit(SpeechStarted(0))
    made.called_again(call("trace-again", onset_ms=10.0, wake_ms=20.0, floor_ms=30.0))
    assert cast.line.flushed == cast.line.generations
    await asyncio.sleep(cast.voices.follow_up_s + 0.2)  # a long sentence after the wake word
    assert made.life is Life.OPEN
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 0.1, False, True
    heard(cast, "Alexa, turn off the kitchen lights.", decoded_ms=cast.voices.now_ms())
    await until(lambda: len(cast.seen(TurnEnded)) == 2)
    record = cast.seen(TurnEnded)[1].record
    assert record["user"] == "Turn off the kitchen lights."
    assert record["trace"] == "trace-again"
    assert (record["t_ms"]["onset"], record["t_ms"]["wake"], record["t_ms"]["floor"]) == (10.0, 20.0, 30.0)


async def test_the_wake_word_is_taken_off_the_sentence_it_began_even_after_another(cast, made):
    await made.open()
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.seen(TurnEnded))
    made.called_again(call("trace-again"))
    heard(cast, "Is the garage door open?")  # was on its way before the call
    heard(cast, "Alexa, turn off the kitchen lights.")
    await until(lambda: len(cast.seen(TurnEnded)) == 3)
    assert cast.seen(TurnEnded)[2].record["user"] == "Turn off the kitchen lights."


async def test_the_house_announces_in_a_conversation_after_the_answer(cast, made):
    cast.engine.seconds = 0.3
    await made.open()
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    assert (await made.announce("The tea is ready.")).ended.result() == "finished"
    assert cast.engine.said[-1] == "The tea is ready."
    assert len(cast.seen(TurnEnded)) == 1
    assert cast.seen(TurnEnded)[0].record["t_ms"]["audio_played"] is not None
    assert cast.line.flushed == []


async def test_a_long_announcement_is_not_silence(cast, made):
    cast.engine.seconds = 2.5 * cast.voices.follow_up_s
    await made.open()
    assert (await made.announce("The tea is ready.")).ended.result() == "finished"


async def test_words_over_an_announcement_cut_it_short(cast, made):
    cast.engine.seconds, cast.engine.hold = 5.0, True
    await made.open()
    announcing = asyncio.create_task(made.announce("The tea is ready."))
    await until(lambda: cast.line.audio)
    cast.hearing.streams[0].emit(Partial("turn on"))
    assert (await announcing).ended.result() == "flushed"


async def test_an_announcement_that_waits_when_all_ends_is_told(cast, made):
    cast.engine.seconds, cast.engine.hold, cast.line.plays = 5.0, True, False
    await made.open()
    heard(cast, "Turn on the kitchen lights.")
    await until(lambda: cast.line.audio)
    waiting = asyncio.create_task(made.announce("The tea is ready."))
    await asyncio.sleep(0)
    await made.close("stopped")
    with pytest.raises(EngineError):
        await waiting


async def test_the_recogniser_asks_for_completeness_without_touching_the_house(cast, made):
    await made.open()
    complete = cast.hearing.streams[0].hints.is_complete

    class Gone:
        @property
        def house(self):
            raise AssertionError("asked from another thread")

    cast.voices.actor._home = Gone()
    assert await asyncio.to_thread(complete, "Turn on the kitchen lights.")


async def test_an_area_that_the_house_does_not_know_any_more_is_still_answered(cast, made):
    cast.line.area_id = "gone"
    await made.open()
    heard(cast, "Turn on the lights.")
    await until(lambda: cast.seen(TurnEnded))
    assert cast.seen(TurnEnded)[0].record["assistant"]
    assert cast.seen(Trouble) == []


def result(called_ms, confirmed_ms):
    return ActionResult(
        Action("light", "turn_on", ("light.a",), {}, "x"),
        verified=confirmed_ms is not None,
        called_ms=called_ms,
        confirmed_ms=confirmed_ms,
    )


def test_times_are_in_order_whatever_a_satellites_clock_says():
    turn = Turn("t", "s", 1, "kitchen", "why")
    for hop, at_ms in (("onset", 130.0), ("wake", 120.0), ("floor", 110.0), ("speech_end", 500.0)):
        turn.mark(hop, at_ms)
    turn.mark("transcript", 480.0)
    turn.note(490.0, [result(600.0, None), result(500.0, 550.0), result(None, None)])
    t_ms = turn.record()["t_ms"]
    assert t_ms["onset"] <= t_ms["wake"] <= t_ms["floor"] == 110.0
    assert t_ms["speech_end"] <= t_ms["transcript"] <= t_ms["understood"] <= t_ms["ha_call"] <= t_ms["ha_state"]


async def test_a_loudspeakers_clock_never_plays_before_it_was_sent(cast):
    now_ms = cast.voices.now_ms
    speech = speaking.Speech(cast.line, 1, now_ms=now_ms)
    speech.push(np.ones(480, np.int16))
    await until(lambda: cast.line.audio)
    speech.acknowledge(Playback(generation=1, state="started", samples=480, time_us=0), now_ms() - 5000)
    assert speech.first_played_ms == speech.first_sent_ms
    speech.complete()
    speech.complete()
    await until(lambda: cast.line.audio[-1][2])
    assert len(cast.line.audio) == 2
    speech.lost()
    speech.push(np.ones(4800, np.int16))
    assert len(speech._reel._frames) == 0


def test_half_a_line_never_spoils_the_journal(tmp_path):
    journal = Journal(tmp_path)
    path = tmp_path / "turns.jsonl"
    journal.write({"turn": 1})
    whole = path.read_text()
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 5, before[1]))
    try:
        with pytest.raises(StoreError):
            journal.write({"turn": 2, "long": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == whole
    journal.write({"turn": 3})
    assert path.read_text() == whole + '{"turn": 3}\n'
    path.write_text(whole + '{"tur')  # the power went
    Journal(tmp_path).write({"turn": 4})
    assert path.read_text().splitlines()[-1] == '{"turn": 4}'
