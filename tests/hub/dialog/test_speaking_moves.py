"""A sentence that changes rooms in the middle, heard as both rooms hear it."""

from __future__ import annotations

import asyncio
from itertools import count

import numpy as np
import pytest

from hub.dialog.speaking import Speech
from protocol.messages import Duck, Flush, Play, Playback
from tests.hub.dialog.conftest import FakeLine

pytestmark = pytest.mark.virtual_time

FRAME = 480


class Room(FakeLine):
    """A loudspeaker that begins `delay_s` after its first frame and plays in time; every frame carries its number."""

    def __init__(self, name, delay_s=0.03):
        super().__init__(area_id=name, name=name, device_id=name)
        self.delay_s, self.speech, self.gain_db = delay_s, None, 0.0
        self.waiting, self.heard, self.playing, self.voided = [], [], None, set()

    def send(self, message):
        super().send(message)
        if isinstance(message, Duck):
            self.gain_db = message.gain_db
        if isinstance(message, Flush):
            self.voided.add(message.generation)

    def send_audio(self, pcm, *, generation, samples, last):
        super().send_audio(pcm, generation=generation, samples=samples, last=last)
        self.waiting.append((generation, samples, last, pcm))
        if self.playing is None:
            self.playing = asyncio.create_task(self._play())

    async def _play(self):
        await asyncio.sleep(self.delay_s)
        for played in count():
            if not self.waiting:
                break
            generation, samples, last, pcm = self.waiting.pop(0)
            if generation in self.voided:
                continue
            if played == 0:
                self._tell(generation, "started", samples)
            self.heard.append((asyncio.get_running_loop().time(), int(np.abs(pcm).max()), self.gain_db))
            await asyncio.sleep(0.02)
            if last or played % 10 == 9:
                self._tell(generation, "finished" if last else "playing", samples + FRAME)
        self.playing = None

    def _tell(self, generation, state, samples):
        now_ms = asyncio.get_running_loop().time() * 1000.0
        word = Playback(generation=generation, state=state, samples=samples, time_us=int(now_ms * 1000))
        if self.speech.line is self and self.speech.generation == generation:
            self.speech.acknowledge(word, now_ms)


def spoken(frames):
    """A sound whose every frame is its number, as loud as that says."""
    return np.repeat(np.arange(1, frames + 1) * 100, FRAME).astype(np.int16)


@pytest.fixture
async def rooms():
    loop = asyncio.get_running_loop()
    kitchen, hall = Room("kitchen"), Room("hall")
    speech = Speech(kitchen, 1, now_ms=lambda: loop.time() * 1000.0)
    kitchen.speech = hall.speech = speech
    yield kitchen, hall, speech
    speech.lost()


@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.08])
@pytest.mark.parametrize("at_s", [0.31, 0.995, 1.5])
async def test_the_answer_goes_on_where_the_room_has_heard_it(rooms, delay_s, at_s):
    kitchen, hall, speech = rooms
    hall.delay_s = delay_s
    speech.push(spoken(120))
    speech.complete()
    await asyncio.sleep(at_s)
    speech.move(hall, 7)
    moved_s = asyncio.get_running_loop().time()
    assert await speech.ended == "finished"
    assert hall.of(Play) == [Play(generation=7)]
    # The number of a frame tells its place in the sentence. Four of them are said in both rooms, and none in neither.
    old = [level // 100 for _, level, _ in kitchen.heard[:-4]]
    new = [level // 100 for _, level, _ in hall.heard[4:-1]]
    assert old == list(range(1, len(old) + 1))
    assert new == list(range(len(old) + 5, 121))
    begun_s, left_s = hall.heard[0][0], kitchen.heard[-1][0] + 0.02
    assert begun_s - moved_s < 0.3
    assert -0.16 <= begun_s - left_s <= 0.08 - 0.08 + delay_s
    assert speech.played_samples == 120 * FRAME + FRAME
    assert kitchen.flushed == hall.flushed == []


async def test_the_old_room_grows_quiet_while_the_new_one_grows_loud(rooms):
    kitchen, hall, speech = rooms
    speech.push(np.full(60 * FRAME, 10_000, np.int16))
    speech.complete()
    await asyncio.sleep(0.5)
    speech.move(hall, 2)
    await speech.ended
    levels = [level for _, level, _ in kitchen.heard[-5:]]
    assert levels == [10_000, 10_000, 7500, 5000, 2500]
    levels = [level for _, level, _ in hall.heard[:5]]
    assert levels == sorted(levels)
    assert 2000 < levels[0] < 2500
    assert 9900 < levels[3] <= levels[4] == 10_000


async def test_a_sentence_that_nobody_has_heard_yet_begins_in_the_new_room(rooms):
    kitchen, hall, speech = rooms
    kitchen.delay_s = 1.0
    speech.push(spoken(20))
    speech.complete()
    await asyncio.sleep(0.1)
    speech.move(hall, 2)
    assert await speech.ended == "finished"
    assert [level // 100 for _, level, _ in hall.heard[:20]] == list(range(1, 21))
    assert kitchen.heard == []


async def test_what_the_house_announces_stays_an_announcement_in_the_next_room(rooms):
    kitchen, hall, _ = rooms
    loop = asyncio.get_running_loop()
    speech = kitchen.speech = hall.speech = Speech(kitchen, 1, now_ms=lambda: loop.time() * 1000.0, kind="announcement")
    speech.push(spoken(120))
    speech.complete()
    await asyncio.sleep(0.5)
    speech.move(hall, 7)
    assert await speech.ended == "finished"
    assert hall.of(Play) == [Play(generation=7, kind="announcement")]


async def test_the_last_word_is_left_where_it_is_being_said(rooms):
    kitchen, hall, speech = rooms
    speech.push(spoken(20))
    speech.complete()
    await asyncio.sleep(0.43)
    speech.move(hall, 2)
    assert speech.line is kitchen
    assert await speech.ended == "finished"
    assert hall.heard == []


async def test_who_cuts_in_during_the_change_silences_both_rooms(rooms):
    kitchen, hall, speech = rooms
    speech.push(spoken(100))
    await asyncio.sleep(0.5)
    speech.move(hall, 2)
    await asyncio.sleep(0.045)
    speech.flush()
    await asyncio.sleep(0.05)
    assert kitchen.flushed == [1]
    assert hall.flushed == [2]
    before = len(kitchen.heard) + len(hall.heard)
    await asyncio.sleep(0.5)
    assert len(kitchen.heard) + len(hall.heard) == before


async def test_a_voice_that_is_still_speaking_goes_on_in_the_new_room(rooms):
    _, hall, speech = rooms
    sound = spoken(100)
    speech.push(sound[: 30 * FRAME])
    await asyncio.sleep(0.4)
    speech.move(hall, 2)
    speech.push(sound[30 * FRAME :])
    speech.complete()
    assert await speech.ended == "finished"
    assert [level // 100 for _, level, _ in hall.heard[4:]][-1] == 0
    assert 100 in [level // 100 for _, level, _ in hall.heard]


@pytest.mark.parametrize("stays_s", [0.05, 0.1, 0.2, 0.7])
async def test_to_the_next_room_and_on_to_another(rooms, stays_s):
    kitchen, hall, speech = rooms
    bath = Room("bath")
    bath.speech = speech
    speech.push(spoken(150))
    speech.complete()
    await asyncio.sleep(0.5)
    speech.move(hall, 2)
    await asyncio.sleep(stays_s)
    speech.move(bath, 3)
    assert await speech.ended == "finished"
    sent = [
        {samples // FRAME + offset for _, samples, _, _ in room.audio} for room, offset in offsets(kitchen, hall, bath)
    ]
    assert set.union(*sent) == set(range(151))
    assert bath.heard


def offsets(*rooms):
    """Each room that was sent anything, and the number of the sentence's frame that it began with."""
    for room in rooms:
        if room.audio:
            after = [int(np.abs(pcm).max()) // 100 for *_, pcm in room.audio][4:5]
            yield room, 0 if room.name == "kitchen" else after[0] - 5


async def test_the_last_word_of_a_voice_that_is_silent_stays(rooms):
    kitchen, hall, speech = rooms
    speech.push(spoken(40))
    await asyncio.sleep(1.2)
    speech.complete()
    speech.move(hall, 2)
    assert await speech.ended == "finished"
    assert hall.heard == []
    assert len(kitchen.heard) == 41


async def test_a_voice_that_pauses_goes_on_in_the_new_room_alone(rooms):
    kitchen, hall, speech = rooms
    sound = spoken(80)
    speech.push(sound[: 40 * FRAME])
    await asyncio.sleep(1.2)
    speech.move(hall, 2)
    await asyncio.sleep(0.5)
    speech.push(sound[40 * FRAME :])
    speech.complete()
    assert await speech.ended == "finished"
    assert [level // 100 for _, level, _ in kitchen.heard] == list(range(1, 41))
    assert [level // 100 for _, level, _ in hall.heard] == [*range(41, 81), 0]
