"""What must hold, in one place: shares of a whole part over all its homes, unless a line says otherwise."""

from __future__ import annotations

EXACT = {"user": 0.94, "asst": 0.96, "dialogue": 0.95, "routing": 0.985, "negatives": 1.0}
EXACT_CLEAN_USER = 0.97
FINAL_STATES = 0.92
# Of the sentences after which nothing may happen, these many at most are followed by something.
ACTS_ON_NOTHING = {"user": 0.0, "asst": 1 / 130, "dialogue": 0.0, "negatives": 0.0}
UNSAFE = 0
FIRE_MS = {"p50": 0, "p95": 320}
# In the home with more than 300 devices, the first call included.
UTTERANCE_P95_MS = 5.0
FRAME_P95_MS = 1.0
