from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rooms.posterior import evidence, posterior

odds = st.lists(st.floats(-40, 40), min_size=1, max_size=64).map(np.array)


@given(odds, st.floats(-20, 20))
def test_only_differences_count(some, shift):
    shares = posterior(some)
    assert shares.sum() == pytest.approx(1.0)
    assert shares == pytest.approx(posterior(some + shift))


@given(st.floats(-10, 40), st.floats(-10, 2.75), st.floats(-40, 23.75), st.floats(0, 10))
def test_more_of_any_cue_is_never_evidence_against_a_room(snr_db, variance, hf_db, more):
    def of(*cues):
        return float(evidence(*(np.array([cue]) for cue in cues))[0])

    here = of(snr_db, variance, hf_db)
    assert of(snr_db + more, variance, hf_db) >= here
    assert of(snr_db, variance + more, hf_db) >= here
    assert of(snr_db, variance, hf_db + more) >= here


def test_the_spectrum_of_noise_says_nothing():
    quiet = evidence(np.array([-6.0, -6.0]), np.array([-3.0, -3.0]), np.array([-25.0, 0.0]))
    assert quiet[0] == quiet[1]
