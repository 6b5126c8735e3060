"""Rooms that report what they are told, every 20 ms, on a clock of their own making."""

from __future__ import annotations

import numpy as np

from hub.rooms.attention import Attention
from hub.rooms.ears import Ears
from protocol.records import LevelRecord, MeasureFlag

SILENCE = (-6.0, -3.3, -8.0)
NEAR = (24.0, -0.2, -12.0)
DIM = (12.0, -1.0, -20.0)
FAR = (4.0, -1.6, -26.0)


def loudness_db(now_ms, voice):
    """The syllables of a voice by its number; 0 for none in particular."""
    return 8.0 * np.sin(now_ms / 1000.0 * (17.0 + 7.3 * voice) + voice) if voice else 0.0


class SimpleHouse:
    def __init__(self, rooms: int) -> None:
        self.attention = Attention(Ears())
        self.rows = [self.attention.ears.add() for _ in range(rooms)]
        self.now_ms = 0.0
        self.moved = []

    def hear(self, seconds, rooms, voices=None):
        """Each room hears the cues given for it, the others silence. `voices`: whose voice, for rooms that hear one."""
        for _ in range(round(seconds * 50)):
            self.now_ms += 20.0
            for row in self.rows:
                snr_db, variance, hf_db = rooms.get(row, SILENCE)
                voice = (voices or {}).get(row, 0)
                level_db = -60.0 + snr_db + (loudness_db(self.now_ms, voice) if row in rooms else 0.0)
                flags = MeasureFlag.SPEECH if snr_db > 3.0 else MeasureFlag.NONE
                record = LevelRecord(level_db, 0.9, snr_db, variance, hf_db, flags)
                self.attention.ears.take(row, record, self.now_ms, 1)
            self.moved.extend(self.attention.step(self.now_ms))

    def quiet(self, seconds):
        self.hear(seconds, {})
