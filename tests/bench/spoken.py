"""Sentences spoken to satellites of a real hub, and when in the hub's time each of them ended."""

from __future__ import annotations

import os
import time

import numpy as np

from tests.e2e.household import RATE_HZ, track

GAP_S = 6.5


def say_all(household, person, sentences, gains_db, *, one_core=False, gap_s=GAP_S):
    """Play sentences to one satellite an area, as loud in each as `gains_db` says.

    A sentence is its pieces, with numbers of seconds for the pauses between them.

    Returns:
        The true ends of speech in ms of the recording, the hub's ms at its beginning, and the turns.
    """
    allowed = os.sched_getaffinity(0)
    if one_core:
        os.sched_setaffinity(0, {min(allowed)})
    try:
        household.config["rooms"] = {"follow_up_s": 2.0}
        household.start_hub()
        parts, ends, at = [2.0], [], 2.0
        for sentence in sentences:
            pieces = [_trimmed(person.say(piece)) if isinstance(piece, str) else piece for piece in sentence]
            for piece in pieces:
                at += piece if isinstance(piece, float) else piece.size / RATE_HZ
            ends.append(at)
            parts += [*pieces, gap_s]
            at += gap_s
        for area in gains_db:
            household.pair(area)
        start_at = time.time() + 5.0
        for seed, (area, gain_db) in enumerate(gains_db.items()):
            mic = track(*parts, gain_db=gain_db, seed=seed)
            household.satellite(area, mic, f"start_at={start_at:.3f}")
    finally:
        os.sched_setaffinity(0, allowed)
    for area in gains_db:
        assert household.wait(area, at + 60) == 0
    start_ms = (time.monotonic() - time.time() + start_at) * 1000.0
    return [end * 1000.0 for end in ends], start_ms, household.turns()


def _trimmed(pcm):
    """Without the silence that the synthesiser puts around a sentence, so that a pause is as long as it says."""
    loud = np.flatnonzero(np.abs(pcm) > 500)
    return pcm[loud[0] : loud[-1] + 1]
