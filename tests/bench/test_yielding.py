"""A satellite as a process, its echo in its microphone, and a hub that only talks: how soon it yields, and comes back.

All times but the flush's are of processed samples, which no load of the machine can change.
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np
import pytest

from protocol.link import monotonic_us
from protocol.messages import Flush
from tests.bench.echo_scenes import ANSWERS, BLOCK, RATE_HZ, pcm_of, spoken
from tests.e2e.household import read_wav, room_response, write_wav
from tests.satellite.hub_peer import HubPeer, paired_store

pytestmark = [pytest.mark.bench, pytest.mark.speech, pytest.mark.timeout(900)]

WORDS = ("Mm-hmm.", "Stop, please.", "Yeah.", "What about the sun?", "Okay.", "Wait.", "Right.", "Is the door locked?")
TIMES, EVERY_S, FIRST_S = 40, 4.0, 8.0
PERSON_DB, NOISE_DB, PITCH = -28.0, -62.0, 1.2
FLUSHES = 20
DUCKED_DB, FULL_DB = -15.0, -1.0


def microphone(seconds):
    """Words every four seconds; the samples at which each begins and ends to be heard."""
    room = np.random.default_rng(1).normal(0, 10 ** (NOISE_DB / 20), int(seconds * RATE_HZ))
    heard = []
    for number in range(TIMES):
        words = spoken(WORDS[number % len(WORDS)], PITCH) * 10 ** ((PERSON_DB + 22) / 20)
        at = int((FIRST_S + number * EVERY_S + 0.013 * (number % 7)) * RATE_HZ)
        room[at : at + words.size] += words
        loud = np.flatnonzero(np.abs(words) > 0.05 * np.abs(words).max())
        heard.append((at + int(loud[0]), at + int(loud[-1])))
    return pcm_of(room), heard


def gains_db(played, said, onset, blocks):
    """The loudspeaker's gain in each block from `onset` on, NaN where nothing is said; None: nobody knows."""
    first = onset // BLOCK * BLOCK
    before = played[first - RATE_HZ : first].astype(np.float64)
    size = 1 << (said.size + before.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(said, size) * np.conj(np.fft.rfft(before, size)), size)[: said.size]
    at = int(match.argmax())
    same = said[at : at + RATE_HZ].astype(np.float64)
    if match[at] < 0.9 * np.sqrt(np.sum(before**2) * np.sum(same**2) + 1.0):
        return None
    wanted = said[at + RATE_HZ :][: blocks * BLOCK].astype(np.float64)
    got = played[first:][: wanted.size].astype(np.float64)
    if wanted.size < blocks * BLOCK or got.size < wanted.size:
        return None
    wanted, got = wanted.reshape(-1, BLOCK), got.reshape(-1, BLOCK)
    power = np.sum(wanted**2, axis=1)
    gains = 20 * np.log10(np.abs(np.sum(wanted * got, axis=1)) / (power + 1.0) + 1e-6)
    return np.where(power > BLOCK * (32768 * 10 ** (-42 / 20)) ** 2, gains, np.nan)


def row(what, times_ms, n):
    p50, p95 = np.percentile(times_ms, [50, 95])
    print(f"| {what} | {p50:.0f} ms | {p95:.0f} ms | {len(times_ms)} of {n} |", flush=True)
    return p50


def judged(played, said, heard):
    """From onsets to 15 dB less, from ends to full volume, and over how many words the assistant did not pause."""
    ducked_ms, back_ms, found = [], [], 0
    for onset, end in heard:
        first, last = onset // BLOCK, end // BLOCK
        gains = gains_db(played, said, onset, last - first + 75)
        if gains is None or np.isnan(gains[:5]).any():
            continue
        found += 1
        during, after = gains[: last - first + 1], gains[last - first + 1 :]
        down = np.flatnonzero(during < DUCKED_DB)
        up = np.flatnonzero(after > FULL_DB)
        if down.size:
            ducked_ms.append(((first + down[0] + 1) * BLOCK - onset) / 24)
        if up.size and (up[0] == 0 or not np.isnan(after[max(0, up[0] - 2) : up[0]]).all()):  # else in a pause
            back_ms.append(((last + 2 + up[0]) * BLOCK - end) / 24)
    return ducked_ms, back_ms, found


async def test_a_satellite_yields_and_comes_back(tmp_path, machine):
    print(f"\n{machine}\n| what | p50 | p95 | n |\n|---|---|---|---|")
    seconds = FIRST_S + TIMES * EVERY_S + 2.0
    mic, heard = microphone(seconds + 60.0)
    said = pcm_of(np.concatenate([spoken(ANSWERS[i % len(ANSWERS)]) for i in range(int(seconds / 4))]))
    said = said[: int((seconds - 1.0) * RATE_HZ) // BLOCK * BLOCK]
    peer = HubPeer(tmp_path / "hub")
    port = await peer.start()
    store, _ = paired_store(tmp_path / "satellite", peer, port)
    files = write_wav(tmp_path / "mic.wav", mic), tmp_path / "speaker.wav"
    response = write_wav(tmp_path / "response.wav", room_response(0.5))
    audio = f"file:{files[0]},{files[1]},echo={response},delay_ms=60"
    satellite = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "satellite.cli", "run", "--audio", audio, "--hub", f"127.0.0.1:{port}",
        "--state-dir", str(store.directory),
    )  # fmt: skip
    try:
        await peer.until(lambda: peer.link, 60)
        await peer.speak(1, said)
        await peer.until(lambda: peer.played("finished"), 60)
        flushed_ms = []
        for generation in range(2, 2 + FLUSHES):
            speaking = asyncio.ensure_future(peer.speak(generation, said[: 4 * RATE_HZ]))
            await peer.until(lambda number=generation: [p for p in peer.played("playing") if p.generation == number])
            sent_us = monotonic_us()
            peer.link.send(Flush(generation=generation))
            await peer.until(lambda number=generation: [p for p in peer.played("flushed") if p.generation == number])
            flushed_ms.append((peer.played("flushed")[-1].time_us - sent_us) / 1000 + 20)  # the block that fades
            speaking.cancel()
    finally:
        satellite.terminate()
        await satellite.wait()
        await peer.close()
    ducked_ms, back_ms, found = judged(read_wav(files[1]), said, heard)
    ducked = row("onset → 15 dB quieter", ducked_ms, found)
    back = row("end of the words → full volume", back_ms, found)
    row("flush → silence", flushed_ms, FLUSHES)
    assert len(ducked_ms) > 0.8 * found
    assert ducked < back
