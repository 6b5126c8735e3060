"""Words about the talk itself."""

from __future__ import annotations

import pytest

from hub.dialog.backchannel import is_backchannel, is_stop


@pytest.mark.parametrize(
    "text",
    [
        "Stop.", "Please stop.", "Okay, stop. Okay, stop.", "Stop it, please.", "Stop talking now.", "No, stop.",
        "That\u2019s enough.", "Enough of that.", "All right, that is enough, thank you.", "Be quiet, please.",
    ],
)  # fmt: skip
def test_words_that_want_silence_and_nothing_else(text):
    assert is_stop(text)
    assert not is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Stop the music.", "Stop the vacuum, please.", "Stop it at half past seven.", "Quiet music, please.",
        "Is that enough?", "That's enough light.", "Stop and open the blinds.", "Never mind.", "Okay.", "No.",
        "Turn the volume down, that's enough.", "Enough is enough for my sister.",
    ],
)  # fmt: skip
def test_words_that_want_more_or_less_than_silence(text):
    assert not is_stop(text)
