"""What four ways of taking the loudspeaker out leave of it, and of who talks over it; and when the satellite yields."""

from __future__ import annotations

import time

import numpy as np
import pytest
import pywebrtc_audio

from satellite.dsp.echo import TwoStage
from satellite.dsp.kalman import KalmanFilter
from tests.bench.echo_scenes import BLOCK, RATE_HZ, ROOMS, answers, echo_of, pcm_of, person, powers

pytestmark = [pytest.mark.bench, pytest.mark.speech, pytest.mark.timeout(1800)]

SECONDS, PERSON_FROM_S = 60.0, 25.0
LEARNT_S = 5.0
FALSE_DUCK_S = 150.0


class Aec3:
    delay = 223

    def __init__(self):
        self.canceller = pywebrtc_audio.AudioProcessor(sample_rate=RATE_HZ, echo_cancellation=True)

    def process(self, near, far):
        return self.canceller.process(near, far)


class Linear:
    delay = 0

    def __init__(self):
        self.filter = KalmanFilter()

    def process(self, near, far):
        split = self.filter.process(near.astype(np.float32) / 32768, far.astype(np.float32) / 32768)
        return pcm_of(split.rest)


class LinearAec3(Aec3):
    def __init__(self):
        super().__init__()
        self.linear = Linear()

    def process(self, near, far):
        return super().process(self.linear.process(near, far), far)


class Nothing:
    delay = 0

    def process(self, near, far):
        return near


class Both(TwoStage):
    delay = 48


WAYS = {"off": Nothing, "AEC3": Aec3, "Kalman": Linear, "Kalman + AEC3": LinearAec3, "Kalman + residual": Both}


def through(way, microphone, far):
    """The clean sound, aligned with the microphone; the CPU time of each block; where it was talked over."""
    out, took_ms, over = [], [], []
    for at in range(0, microphone.size, BLOCK):
        began = time.thread_time()
        out.append(way.process(microphone[at : at + BLOCK], far[at : at + BLOCK]))
        took_ms.append((time.thread_time() - began) * 1000)
        over.append(getattr(way, "talked_over", False))
    clean = np.concatenate(out)[way.delay :].astype(np.float64) / 32768
    return np.concatenate([clean, np.zeros(way.delay)]), took_ms, np.array(over)


def microphone_of(scene, seed, seconds, person_from_s):
    played = answers(seconds, seed)
    echo = echo_of(played, scene, seed)
    near, onsets = person(seconds, scene, person_from_s)
    noise = np.random.default_rng(seed).normal(0, 10 ** (scene.noise_db / 20), played.size)
    return pcm_of(played), pcm_of(echo + near + noise), echo, near, onsets


def scored(clean, echo, near):
    """Echo return loss where only the loudspeaker sounds; level and likeness of the person where both do."""
    echo_power, near_power, clean_power = powers(echo), powers(near), powers(clean)
    begun = np.arange(echo_power.size) >= LEARNT_S * 50
    alone = begun & (np.arange(echo_power.size) < PERSON_FROM_S * 50) & (echo_power > np.percentile(echo_power, 60))
    erle_db = 10 * np.log10(echo_power[alone].sum() / clean_power[alone].sum()) if echo_power.max() > 1e-9 else np.nan
    talks = near_power > np.percentile(near_power[near_power > 1e-9], 50)
    level_db = np.median(10 * np.log10(clean_power[talks] / near_power[talks]))
    blocks = near.reshape(-1, BLOCK)[talks], clean[: near.size].reshape(-1, BLOCK)[talks]
    likeness = np.sum(blocks[0] * blocks[1], 1) / np.sqrt(np.sum(blocks[0] ** 2, 1) * np.sum(blocks[1] ** 2, 1) + 1e-15)
    return erle_db, level_db, float(np.median(likeness))


def test_ways_of_cancelling(machine):
    print(f"\n{machine}")
    print("| room | way | ERLE | person's level | likeness | ms a block, p50/p95 |\n|---|---|---|---|---|---|")
    scores = {}
    for seed, scene in enumerate(ROOMS):
        far, microphone, echo, near, _ = microphone_of(scene, seed, SECONDS, PERSON_FROM_S)
        for name, way in WAYS.items():
            clean, took_ms, _ = through(way(), microphone, far)
            erle_db, level_db, likeness = scores[scene.name, name] = scored(clean, echo, near)
            cost = "{:.2f}/{:.2f}".format(*np.percentile(took_ms, [50, 95]))
            print(
                f"| {scene.name} | {name} | {erle_db:.1f} dB | {level_db:+.1f} dB | {likeness:.2f} | {cost} |",
                flush=True,
            )
    for scene in ROOMS:
        ours, aec3, raw = (scores[scene.name, name] for name in ("Kalman + residual", "AEC3", "off"))
        assert ours[2] > max(raw[2], aec3[2]) - 0.02, scene.name
        assert np.isnan(ours[0]) or ours[0] > 20, scene.name


def test_it_yields_to_people_and_not_to_itself(machine):
    print(f"\n{machine}\n| room | false ducks | minutes | onset → found p50 | p95 | n | missed |")
    print("|---|---|---|---|---|---|---|")
    minutes, false_ducks, late_ms, onset_count = FALSE_DUCK_S / 60, 0, [], 0

    def row(room, false, of_minutes, times, count):
        p50, p95 = np.percentile(times, [50, 95])
        missed = count - len(times)
        row = f"| {room} | {false} | {of_minutes:.1f} | {p50:.0f} ms | {p95:.0f} ms | {count} | {missed} |"
        print(row, flush=True)

    for seed, scene in enumerate(ROOMS):
        far, microphone, _, _, onsets = microphone_of(scene, seed + 20, FALSE_DUCK_S + 60, FALSE_DUCK_S)
        _, _, over = through(Both(), microphone, far)
        begins = np.flatnonzero(np.diff(np.concatenate([[0], over.astype(int)])) > 0) + 1  # a block's end
        false = begins[begins * BLOCK < FALSE_DUCK_S * RATE_HZ]
        played = powers(far / 32768.0) > 1e-9
        judged = [at for at in onsets if played[at // BLOCK : at // BLOCK + 20].all()]
        found = [min((b * BLOCK - at for b in begins if 0 <= b * BLOCK - at < RATE_HZ), default=None) for at in judged]
        times = [samples / 24 for samples in found if samples is not None]
        row(scene.name, false.size, minutes, times, len(judged))
        print("  at", np.round(false * 0.02, 2).tolist()) if false.size else None
        false_ducks += false.size
        late_ms += times
        onset_count += len(judged)
    row("all", false_ducks, minutes * len(ROOMS), late_ms, onset_count)
    assert false_ducks <= minutes * len(ROOMS) / 5
    assert len(late_ms) > 0.9 * onset_count
