"""How likely each room is the one in which somebody speaks, from cues that no microphone's gain can buy."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.records import HF_LOW_DB, SNR_LOW_DB, VARIANCE_LOW

Floats = NDArray[np.float64]

# Log odds for a dB of mean band SNR, a unit of log envelope variance, a dB of high-frequency ratio.
SNR_NAT_PER_DB: Final = 0.25
VARIANCE_NAT: Final = 1.85
HF_NAT_PER_DB: Final = 0.20
# Beyond this a dB more says nothing about the room: the talker is at arm's length, or the floor is the recorder's.
_SNR_RANGE_DB: Final = (SNR_LOW_DB, 38.0)
_HF_RANGE_DB: Final = (-28.0, 0.0)
# What is not speech has no spectrum to compare; the ratio counts fully from this SNR on.
_HF_FROM_DB: Final = (-3.0, 5.0)


def evidence(snr_db: Floats, variance: Floats, hf_db: Floats) -> Floats:
    """Log odds of each room, up to a common constant; arrays of one shape."""
    snr = np.clip(snr_db, *_SNR_RANGE_DB)
    low, high = _HF_FROM_DB
    audible = np.clip((snr - low) / (high - low), 0.0, 1.0)
    hf = _HF_RANGE_DB[0] + audible * (np.clip(hf_db, *_HF_RANGE_DB) - _HF_RANGE_DB[0])
    odds: Floats = SNR_NAT_PER_DB * snr + VARIANCE_NAT * variance + HF_NAT_PER_DB * hf
    return odds


#: The evidence of a room that hears nothing at all.
NOTHING: Final = float(
    evidence(np.array([SNR_LOW_DB]), np.array([VARIANCE_LOW]), np.array([HF_LOW_DB]))[0],
)


def posterior(odds: Floats) -> Floats:
    """Softmax; shape (rooms,), at least one."""
    weight = np.exp(odds - odds.max())
    shares: Floats = weight / weight.sum()
    return shares
