import asyncio
import threading

import numpy as np
import pytest

from hub.hearing.decoders import Reading
from hub.hearing.desk import ReadingDesk
from hub.hearing.port import Final, HearingHints, Partial, SpeechStarted
from hub.hearing.stream import QUEUE_SAMPLES, LocalStream, Recognisers
from hub.hearing.turns import Hangover

STEP = 480


class Reader:
    """A recogniser that reads how long the loud part was, unless told what to say."""

    def __init__(self, text=None):
        self.text = text
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.lengths = []

    def prime(self, vocabulary, wake_word):
        return ()

    def read(self, speech, prompt, wanted):
        self.begun.set()
        assert self.gate.wait(10)
        loud_ms = round(float(np.mean(np.abs(speech) > 0.01)) * len(speech) / 16)
        self.lengths.append(loud_ms)
        text = self.text(loud_ms) if callable(self.text) else self.text
        return Reading(text if text is not None else f"said {loud_ms}", 0.9 if text != "" else 0.0)

    def close(self):
        pass


def loudness(frame):
    return 0.95 if np.abs(np.frombuffer(frame, np.int16)).max() > 500 else 0.01


def sound(*parts):
    """Alternating silence and speech, in ms, silence first."""
    rng = np.random.default_rng(0)
    pieces = []
    for index, ms in enumerate(parts):
        size = 24 * ms
        pieces.append(rng.integers(-9000, 9000, size) if index % 2 else np.zeros(size))
    whole = np.concatenate(pieces).astype(np.int16)
    return whole[: len(whole) // STEP * STEP]


class Room:
    def __init__(self, final=None, second=None, hints=None, probability=loudness):
        self.final = final or Reader()
        self.desk = ReadingDesk()
        self.desk.start()
        self.background = ReadingDesk(background=True)
        self.background.start()
        self.events = []
        self.arrived = asyncio.Event()
        self.position = 0
        self.stream = LocalStream(
            hints=hints or HearingHints(),
            on_event=self.take,
            recognisers=Recognisers(self.final, second),
            desk=self.desk,
            background=self.background,
            probability=probability,
            now_ms=lambda: 1234.5,
            hangover=Hangover(),
            on_closed=lambda _stream: None,
        )

    def take(self, event):
        self.events.append(event)
        self.arrived.set()

    def play(self, pcm):
        for start in range(0, len(pcm), STEP):
            self.stream.feed(pcm[start : start + STEP], self.position)
            self.position += STEP

    async def until(self, count, kind=Final):
        async with asyncio.timeout(5):
            while len(self.of(kind)) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.of(kind)

    async def idle(self):
        async with asyncio.timeout(5):
            while self.stream._inbox.audio or self.stream._inbox.news:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    async def close(self):
        self.final.gate.set()
        await self.stream.close()
        await asyncio.to_thread(self.desk.stop)
        await asyncio.to_thread(self.background.stop)
        assert not self.stream._thread.is_alive()
        assert self.desk._thread is None


@pytest.fixture
async def rooms():
    opened = []

    def make(**keywords):
        opened.append(Room(**keywords))
        return opened[-1]

    yield make
    for room in opened:
        await room.close()


async def test_a_sentence_becomes_a_final_with_its_place(rooms):
    room = rooms()
    room.position = 48_000
    room.play(sound(480, 1000, 1000))
    final = (await room.until(1))[0]
    assert final.start_samples == pytest.approx(48_000 + 480 * 24, abs=2 * 768)
    assert final.end_samples == pytest.approx(48_000 + 1480 * 24, abs=2 * 768)
    assert final.decoded_ms == 1234.5
    assert final.confidence == 0.9
    assert room.final.lengths[0] == pytest.approx(1000, abs=70)
    assert room.of(SpeechStarted)[0].samples == final.start_samples


async def test_a_pause_inside_a_sentence_makes_one_turn(rooms):
    room = rooms()
    room.play(sound(320, 600, 500, 600, 1000))
    finals = await room.until(1)
    await room.idle()
    assert len(room.of(Final)) == 1
    assert finals[0].text.startswith("said 1")


async def test_a_whole_request_is_believed_sooner(rooms):
    room = rooms(hints=HearingHints(is_complete=lambda text: text == "lights on"), final=Reader("lights on"))
    room.play(sound(320, 600, 400))
    await room.idle()
    room.play(sound(60))
    assert (await room.until(1))[0].text == "lights on"


async def test_half_a_request_is_waited_for(rooms):
    room = rooms(hints=HearingHints(is_complete=lambda text: False), final=Reader("lights"))
    room.play(sound(320, 600, 600))
    await room.idle()
    assert room.of(Final) == []
    room.play(sound(300))
    assert (await room.until(1))[0].text == "lights"


async def test_the_wake_word_alone_is_no_request(rooms):
    room = rooms(
        hints=HearingHints(wake_word="alexa"),
        final=Reader(lambda ms: "Alexa." if ms < 500 else "Alexa, turn on the light."),
    )
    room.play(sound(320, 400, 1000))
    await room.idle()
    assert [final.text for final in room.of(Final)] == [""]
    room.play(sound(0, 900, 1000))
    assert (await room.until(2))[1].text == "Turn on the light."


async def test_the_wake_word_is_taken_from_the_first_turn_only(rooms):
    room = rooms(hints=HearingHints(wake_word="alexa"), final=Reader("Alexa, stop"))
    for count in (1, 2):
        room.play(sound(320, 600, 1000))
        await room.until(count)
    assert [final.text for final in room.of(Final)] == ["Stop", "Alexa, stop"]


async def test_sound_without_words_ends_in_an_empty_final(rooms):
    room = rooms(final=Reader(""))
    room.play(sound(320, 600, 1000))
    await room.idle()
    assert [final.text for final in room.of(Final)] == [""]


async def test_the_second_reading_comes_with_the_final_and_gives_partials(rooms):
    room = rooms(final=Reader("Lock the door"), second=Reader(lambda ms: "Locked the door" if ms > 900 else "Lock"))
    for start in range(0, 1500, 100):
        room.play(sound(0, 100) if 300 <= start < 1400 else sound(100))
        await asyncio.sleep(0.02)
    room.play(sound(900))
    final = (await room.until(1))[0]
    assert final.second == "Locked the door"
    assert room.of(Partial)[0].text == "Lock"


@pytest.mark.parametrize(("over", "longest_ms"), [(True, 300), (False, 600)])
async def test_over_the_assistant_the_first_words_are_told_sooner(rooms, over, longest_ms):
    second = Reader("what about")
    room = rooms(final=Reader("What about it"), second=second, hints=HearingHints(is_over=lambda: over))
    whole = sound(320, 900)
    for start in range(0, len(whole), 2400):
        room.play(whole[start : start + 2400])
        await asyncio.sleep(0.02)
    said_ms = (await room.until(1, Partial))[0].said_ms
    assert longest_ms / 2 < said_ms <= longest_ms


async def test_the_second_reading_stands_in_where_only_it_is_a_request(rooms):
    room = rooms(
        final=Reader("What's the weather light?"),
        second=Reader("What's the weather like?"),
        hints=HearingHints(is_complete=lambda text: text.endswith("like?")),
    )
    room.play(sound(320, 900, 900))
    final = (await room.until(1))[0]
    assert (final.text, final.second) == ("What's the weather like?", "What's the weather light?")


async def test_a_burst_reads_like_real_time(rooms):
    pcm = sound(300, 800, 400, 700, 1000)
    burst, slow = rooms(), rooms()
    burst.play(pcm)
    for start in range(0, len(pcm), STEP):
        slow.play(pcm[start : start + STEP])
        if start % (STEP * 10) == 0:
            await asyncio.sleep(0.005)
    assert (await burst.until(1)) == (await slow.until(1))


async def test_a_stalled_thread_drops_the_oldest_and_counts(rooms):
    gate = threading.Event()

    def stalled(frame):
        assert gate.wait(10)
        return loudness(frame)

    room = rooms(probability=stalled)
    try:
        room.play(sound(8000))
        waiting = room.stream._inbox.waiting_samples
        assert waiting <= QUEUE_SAMPLES
        assert room.stream.dropped_samples == pytest.approx(8000 * 24 - QUEUE_SAMPLES, abs=4 * STEP)
    finally:
        gate.set()


async def test_positions_follow_a_gap_in_the_capture(rooms):
    room = rooms()
    room.play(sound(320))
    room.position += 24_000
    room.play(sound(320, 600, 1000))
    final = (await room.until(1))[0]
    assert final.start_samples == pytest.approx(24_000 + 640 * 24, abs=2 * 768)


async def test_closing_during_a_reading_says_nothing_more(rooms):
    room = rooms()
    room.final.gate.clear()
    room.play(sound(320, 600, 1000))
    assert await asyncio.to_thread(room.final.begun.wait, 5)
    seen = len(room.events)
    await room.stream.close()
    room.final.gate.set()
    await asyncio.sleep(0.1)
    assert len(room.events) == seen
    room.play(sound(100))


async def test_two_requests_in_a_row_come_in_order(rooms):
    room = rooms(hints=HearingHints(is_complete=lambda _text: True))
    room.play(sound(320, 400, 900, 800, 1000))
    finals = await room.until(2)
    lengths = [int(final.text.split()[1]) for final in finals]
    assert lengths == [pytest.approx(400, abs=80), pytest.approx(800, abs=80)]


async def test_words_so_far_never_hold_up_the_final(rooms):
    second = Reader("turn on")
    room = rooms(final=Reader("Turn on the light"), second=second, hints=HearingHints(is_complete=lambda _text: True))
    second.gate.clear()
    room.play(sound(320, 800))
    async with asyncio.timeout(5):
        while not second.begun.is_set():
            await asyncio.sleep(0.01)
    room.play(sound(600))
    assert (await room.until(1))[0].text == "Turn on the light"
    assert second.lengths == []
    second.gate.set()


async def test_a_reader_learns_that_the_turn_went_on(rooms):
    asked = []

    class Slow(Reader):
        def read(self, speech, prompt, wanted):
            reading = super().read(speech, prompt, wanted)
            asked.append(wanted())
            return reading

    room = rooms(final=Slow("half"))
    room.final.gate.clear()
    room.play(sound(320, 600, 200))
    await room.idle()
    room.play(sound(0, 400))
    await room.idle()
    room.final.gate.set()
    room.play(sound(1000))
    await room.until(1)
    assert asked == [False, True]


async def test_when_the_turn_may_be_ending_it_is_read_as_a_whole_alone(rooms):
    second = Reader("turn on")
    whole = HearingHints(is_complete=lambda _text: True)
    room = rooms(final=Reader("Turn on the light"), second=second, hints=whole)
    room.play(sound(320, 416, 600))  # the first words so far would be due in the first frame of silence
    await room.until(1)
    await room.idle()
    assert len(second.lengths) <= 1
    assert all(partial.paused for partial in room.of(Partial))


async def test_in_a_pause_the_quicker_recogniser_tells_what_it_reads_at_once(rooms):
    second = Reader("Alexa, turn on the light")
    room = rooms(final=Reader("Turn on the light"), second=second, hints=HearingHints(wake_word="alexa"))
    room.final.gate.clear()
    room.play(sound(320, 900, 400))
    count = 1
    while not (told := (await room.until(count, Partial))[-1]).paused:
        count += 1  # what is read while the words are still coming may be told before
    assert (told.text, room.of(Final)) == ("Turn on the light", [])
    assert told.said_ms >= 900
    read = len(second.lengths)
    room.final.gate.set()
    room.play(sound(600))
    final = (await room.until(1))[0]
    assert final.second == "Turn on the light"
    assert len(second.lengths) == read  # the second opinion is there already


async def test_what_the_final_recogniser_has_read_needs_no_quicker_one(rooms):
    second = Reader("turn on the light")
    room = rooms(final=Reader("Turn on the light"), second=second, hints=HearingHints(is_complete=lambda _text: True))
    second.gate.clear()
    room.play(sound(320, 416, 600))
    await room.until(1)
    second.gate.set()
    await room.idle()
    assert room.of(Partial) == []
