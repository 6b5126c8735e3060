from __future__ import annotations

from datetime import UTC

import pytest

from hub.store import STORE_NAME, Store
from hub.tools.agenda import Agenda
from hub.tools.agenda_store import AgendaStore
from hub.tools.deeds import HubDeeds

MONDAY_9_AM = 1_780_304_400.0  # 2026-06-01 09:00 UTC


class Clock:
    """Both clocks of a machine, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.wall = MONDAY_9_AM

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds


@pytest.fixture
def clock():
    return Clock()


class Hub:
    """A hub's store and what is kept in it; `restart` opens it anew after `off_s` seconds."""

    def __init__(self, path, clock) -> None:
        self.path, self.clock, self.store = path, clock, None
        self.devices = {"kitchen": "aa" * 16, "bedroom": "bb" * 16}
        self.restart()

    def restart(self, off_s: float = 0.0) -> None:
        if self.store is not None:
            self.store.close()
        self.clock.wall += off_s
        self.clock.now = 5.0 if off_s else self.clock.now  # a counting clock starts anew with the machine
        self.store = Store(self.path)
        self.rows = AgendaStore(self.store)
        numbers = iter(range(10_000))
        self.agenda = Agenda(
            self.rows,
            now_s=lambda: self.clock.now,
            wall_s=lambda: self.clock.wall,
            new_id=lambda: f"{id(self.store):08x}{next(numbers):08x}"[-16:],
        )
        self.deeds = HubDeeds(
            self.rows,
            self.agenda,
            device_in=lambda area: self.devices.get(area, ""),
            zone=lambda: UTC,
            wall_s=lambda: self.clock.wall,
            now_ms=lambda: self.clock.now * 1000,
        )


@pytest.fixture
def open_hub(clock):
    opened = []

    def open_(path):
        opened.append(Hub(path, clock))
        return opened[-1]

    yield open_
    for one in opened:
        one.store.close()


@pytest.fixture
def hub(tmp_path, open_hub):
    return open_hub(tmp_path / "state" / STORE_NAME)
