"""The sample scenes as the line protocol has them: clocks that are off, a network that delays, losers that fire too."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import av
import numpy as np

SAMPLES = Path(__file__).parent / "arbitration_samples"
RATE_HZ = 16_000
FRAME = 320
_WORD_S = 0.7


def truth_of(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / name / "truth.json").read_text("utf-8"))


def _recording(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])


def _power_db(pcm: np.ndarray) -> float:
    voice = np.diff(pcm.astype(np.float64))  # a detector lives on what is above the hum
    return float(10 * np.log10(np.mean(voice**2) + 1e-3))


def _wakes(pcm: np.ndarray, truth: dict[str, Any], rng: np.random.Generator) -> dict[tuple[int, int], float]:
    found: dict[tuple[int, int], float] = {}
    for utterance in truth["utt"]:
        if not utterance["wake"]:
            continue
        begin = int(utterance["t0"] * RATE_HZ)
        for room, sound in enumerate(pcm):
            word, before = sound[begin : begin + int(_WORD_S * RATE_HZ)], sound[begin - RATE_HZ // 2 : begin]
            if _power_db(word) > _power_db(before) + 4.0:
                late_s = rng.uniform(0.06, 0.30)  # near or far alike
                found[room, int((utterance["t0"] + _WORD_S + late_s) * 50)] = round(rng.uniform(0.97, 1.0), 3)
    return found


def lines_of(name: str, seed: int) -> list[dict[str, Any]]:
    """Every line of a scene, in the order of arrival at the hub."""
    rng, truth = np.random.default_rng(seed), truth_of(name)
    sounds = [_recording(path) for path in sorted((SAMPLES / name).glob("*.flac"))]
    frames = min(map(len, sounds)) // FRAME
    pcm = np.stack([sound[: frames * FRAME] for sound in sounds])
    rooms = len(pcm)
    captured = np.arange(frames) * 0.02
    clocks = captured + rng.uniform(-0.05, 0.05, (rooms, 1))
    arrivals = np.maximum.accumulate(captured + 0.02 + rng.uniform(0.0, 0.08, (rooms, frames)), axis=1)
    wakes = _wakes(pcm, truth, rng)
    lines: list[dict[str, Any]] = [{"op": "start", "rooms": rooms, "fs": RATE_HZ, "frame": FRAME}]
    decide = 0.02
    for t, room, frame in sorted((arrivals[r, f], r, f) for r in range(rooms) for f in range(frames)):
        while decide <= t:
            lines.append({"op": "decide", "t": round(decide, 3)})
            decide += 0.02
        playing = any(p["room"] == room and p["t0"] <= captured[frame] <= p["t1"] for p in truth["play"])
        meta = {
            "seq": frame,
            "t_cap": float(clocks[room, frame]),
            "wake": wakes.get((room, frame)),
            "playing": playing,
            "ref": None,
        }
        sound = base64.b64encode(pcm[room, frame * FRAME : (frame + 1) * FRAME].astype("<i2").tobytes()).decode()
        lines.append({"op": "frame", "room": room, "t": float(t), "pcm": sound, "meta": meta})
    lines.append({"op": "decide", "t": round(decide, 3)})
    return lines
