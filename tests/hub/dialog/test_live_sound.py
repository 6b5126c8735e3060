"""Sound that is passed on from room to room: never more than a moment behind, and words over it."""

from __future__ import annotations

import numpy as np
import pytest

from hub.dialog.live_sound import MOST_WAITING_MS, LiveSound, Overlay
from protocol.messages import Playback
from tests.hub.dialog.conftest import FakeLine
from tests.hub.dialog.speaking_house import SILENCE

WORDS = np.full(480, 2000, np.int16)


class Clock:
    def __init__(self):
        self.ms = 1000.0


def live(clock, line):
    return LiveSound(line, 7, now_ms=lambda: clock.ms)


def test_a_burst_after_a_stall_is_cut_to_what_may_wait():
    clock, line = Clock(), FakeLine(plays=False)
    sound = live(clock, line)
    for _ in range(50):
        sound.push(WORDS)
    assert sound.sent_frames == MOST_WAITING_MS / 20
    assert sound.dropped_frames == 40
    assert [samples for _, samples, *_ in line.audio] == [480 * n for n in range(10)]


@pytest.mark.parametrize("drift", [0.997, 1.003])
def test_a_loudspeaker_whose_clock_is_slow_or_fast_stays_close_behind(drift):
    clock, line = Clock(), FakeLine(plays=False)
    sound = live(clock, line)
    played = 0.0
    worst_ms = 0.0
    for n in range(30_000):  # ten minutes
        sound.push(WORDS)
        clock.ms += 20.0
        played = min(played + 480 * drift, sound.sent_frames * 480)
        if n % 10 == 0:
            sound.playback(Playback(generation=7, state="playing", samples=int(played), time_us=0))
        worst_ms = max(worst_ms, sound.sent_frames * 20 - played / 24)
    assert worst_ms <= MOST_WAITING_MS + 20
    assert sound.dropped_frames < 120


async def test_words_that_nobody_hears_any_more_end():
    clock, line = Clock(), FakeLine(plays=False)
    sound = live(clock, line)
    first, second = Overlay(), Overlay()
    sound.lay_over(first)
    sound.lay_over(second)
    first.push(WORDS)
    first.complete()
    for _ in range(3):
        sound.push(SILENCE)
    assert first.ended.result() == "finished"
    sound.end()
    assert second.ended.result() == "flushed"
    assert line.flushed == [7]
