"""What a satellite is told when it comes in."""

from __future__ import annotations

import pytest

from hub.config_sounds import VolumeSettings
from hub.door import Door
from hub.home.demo import DemoHome
from hub.server.pairing import PairingDesk
from hub.store import STORE_NAME, Store


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / STORE_NAME) as store:
        for number, area in enumerate(("bedroom", "kitchen", "attic"), 1):
            store.add_satellite(
                device_id=f"{number:032x}", name=area, device_key=b"k" * 32, area_id=area, paired_at=float(number)
            )
        yield store


def test_the_volumes_of_its_room_come_with_the_welcome(store):
    volumes = (
        VolumeSettings(chime=0.7),
        VolumeSettings(areas=("main bedroom",), announcement=0.4, chime=0.2, intercom=0.9),
    )
    door = Door(
        store,
        PairingDesk(now_s=lambda: 0.0),
        DemoHome(now=lambda: 0.0),
        hub_name="hub",
        certificate_hash=b"h" * 32,
        volumes=volumes,
    )
    told = [door.welcome(f"{number:032x}") for number in (1, 2, 3)]
    assert [one.area_name for one in told] == ["Bedroom", "Kitchen", "attic"]
    assert [(one.answer_volume, one.announcement_volume, one.chime_volume, one.intercom_volume) for one in told] == [
        (1.0, 0.4, 0.2, 0.9),
        (1.0, 1.0, 0.7, 1.0),
        (1.0, 1.0, 0.7, 1.0),
    ]
    assert {one.volume for one in told} == {1.0}
