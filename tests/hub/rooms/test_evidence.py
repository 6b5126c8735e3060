from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.rooms.evidence import call_from
from hub.rooms.registry import Room
from protocol.messages import Wake


@dataclass
class Line:
    device_id: str = "0" * 32
    area_id: str = "kitchen"
    name: str = "pi"
    clock_error_ms: float = 0.0

    def to_hub_ms(self, satellite_us):
        return satellite_us / 1000.0


BUTTON = Wake(trigger="button", start_samples=0, end_samples=0, time_us=100_000_000)


@pytest.mark.parametrize(("onset_ms", "taken"), [(99_000.0, 99_000.0), (40_000.0, None), (100_001.0, None)])
def test_an_onset_of_other_speech_is_not_the_onset_of_this_call(onset_ms, taken):
    room = Room(Line())
    room.onset_ms = onset_ms
    call = call_from(room, BUTTON, (), 100_000.0)
    assert call.onset_ms == taken
    assert call.fired_ms == 100_000.0
