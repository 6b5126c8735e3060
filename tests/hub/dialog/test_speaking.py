from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from hub.dialog.speaking import LEAD_MS, Speech
from protocol.messages import Flush, Play, Playback


def now_ms():
    return time.monotonic() * 1000.0


async def test_sound_goes_out_whole_in_order_and_no_further_ahead_than_promised(cast):
    cast.line.plays = False
    speech = Speech(cast.line, 7, now_ms=now_ms)
    pcm = np.arange(24_000, dtype=np.int16)
    began = now_ms()
    for start in range(0, pcm.size, 1000):
        speech.push(pcm[start : start + 1000])
    speech.complete()
    ahead = []
    while not (cast.line.audio and cast.line.audio[-1][2]):
        await asyncio.sleep(0.01)
        ahead.append(len(cast.line.audio) * 20.0 - (now_ms() - began))
        assert now_ms() - began < 3000
    assert cast.line.of(Play) == [Play(generation=7)]
    assert [samples for _, samples, _, _ in cast.line.audio] == list(range(0, 24_000 + 480, 480))
    played = np.concatenate([frame for *_, frame in cast.line.audio])
    assert np.array_equal(played[: pcm.size], pcm)
    assert max(ahead) <= LEAD_MS + 40
    assert now_ms() - began >= 1000 - LEAD_MS - 40
    speech.lost()


async def test_the_end_is_what_the_loudspeaker_says(cast):
    speech = Speech(cast.line, 1, now_ms=now_ms)
    cast.line.on_playback = lambda _line, playback: speech.acknowledge(playback, now_ms())
    speech.push(np.zeros(2400, np.int16))
    speech.complete()
    assert await asyncio.wait_for(speech.ended, 2) == "finished"
    assert speech.played_samples == 2880
    assert speech.first_played_ms >= speech.first_sent_ms


async def test_flush_silences_at_once_and_once(cast):
    cast.line.plays = False
    speech = Speech(cast.line, 3, now_ms=now_ms)
    speech.push(np.zeros(240_000, np.int16))
    await asyncio.sleep(0.05)
    speech.flush()
    speech.flush()
    sent = len(cast.line.audio)
    await asyncio.sleep(0.1)
    assert len(cast.line.audio) == sent
    assert cast.line.of(Flush) == [Flush(generation=3)]
    assert speech.ended.result() == "flushed"


async def test_an_endless_engine_is_bounded(cast):
    cast.line.plays = False
    speech = Speech(cast.line, 3, now_ms=now_ms)
    for _ in range(13):
        speech.push(np.zeros(240_000, np.int16))
    assert speech.dropped_frames > 0
    speech.lost()


@pytest.mark.parametrize("state", ["finished", "flushed"])
async def test_the_satellite_may_end_it(cast, state):
    speech = Speech(cast.line, 5, now_ms=now_ms)
    speech.acknowledge(Playback(generation=5, state=state, samples=480, time_us=0), now_ms())
    assert speech.ended.result() == state
