"""Rooms in which the house speaks by itself; each satellite keeps the real rule about what may leave its room."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hub.config_sounds import QuietSettings
from hub.dialog.house_speaks import HouseSpeaks
from hub.dialog.music import Music
from hub.dialog.quiet import QuietHours
from hub.dialog.switchboard import Switchboard
from hub.rooms.arbiter import Arbiter
from protocol.errors import LinkClosedError, RoomtoneError
from protocol.messages import Floor, Play, Wake
from protocol.records import MeasureFlag, Measurement
from satellite.errors import NotWokenError
from satellite.session import Phase, Session
from tests.hub.dialog.conftest import FakeLine

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AREAS = ("kitchen", "hallway", "bedroom")
SILENCE = np.zeros(480, np.int16)


class Rows:
    """What was switched, kept in memory."""

    def __init__(self):
        self.kept = {}

    def load(self):
        return list(self.kept.values())

    def keep(self, switched):
        self.kept[switched.area_id] = switched

    def forget(self, area_id):
        self.kept.pop(area_id, None)


class Satellite(FakeLine):
    """Plays what it is given and sends no sound without a reason of its own."""

    def __init__(self, number, area_id, board):
        super().__init__(device_id=f"{number:032x}", area_id=area_id, name=area_id)
        self.board, self.kinds, self.gone = board, {}, False
        self.session = Session(asyncio.get_running_loop().time)
        self.session.welcomed()
        self.on_playback = self._played

    def send(self, message):
        if self.gone:
            return
        super().send(message)
        if isinstance(message, Play):
            self.kinds[message.generation] = message.kind
        if isinstance(message, Floor):
            try:
                self.session.floor(message.state, message.because)
            except NotWokenError:
                asyncio.get_running_loop().call_soon(self.board.floor_refused, self)

    def _played(self, _line, playback):
        if self.kinds.get(playback.generation) in {"question", "intercom"}:
            self.session.asked()
        if not self.gone:
            self.board.playback(self, playback)

    @property
    def talks(self):
        return self.session.phase is Phase.TALKING

    @property
    def heard(self):
        """The samples it was given, of all generations."""
        return np.concatenate([np.zeros(0, np.int16), *(pcm for *_, pcm in self.audio)])

    def speaks(self, pcm=SILENCE, *, speech=True):
        flags = MeasureFlag.SPEECH if speech else MeasureFlag.NONE
        measured = Measurement(-30.0, -60.0, (-30.0,) * 10, 0.9, 0.0, 0.0, flags)
        if self.talks and self.uplink:
            self.board.audio(self, pcm, measured, 0, int(asyncio.get_running_loop().time() * 1e6))

    def wakes(self, trigger="word"):
        self.session.called()
        now_us = int(asyncio.get_running_loop().time() * 1e6)
        wake = Wake(
            trigger=trigger, word="alexa", score=0.9, start_samples=480 * 40, end_samples=480 * 80, time_us=now_us
        )
        quiet = Measurement(-60.0, -60.0, (-60.0,) * 10, 0.0, 0.0, 0.0, MeasureFlag.NONE)
        loud = Measurement(-30.0, -60.0, (-30.0,) * 10, 0.9, 0.9, 0.0, MeasureFlag.SPEECH)
        self.board.woke(self, wake, (quiet,) * 40 + (loud,) * 40)


class SpeakingHouse:
    """A kitchen, a hallway and a bedroom; the bedroom is quiet at night."""

    def __init__(self, cast):
        self.cast, self.rows, self.clock = cast, Rows(), NOON
        self.started_s = asyncio.get_running_loop().time()
        self.board = Switchboard(cast.voices, Arbiter(window_ms=60), area_name=str.title)
        quiet = QuietHours(
            [QuietSettings(hours="22:00-07:00", areas=("bedroom",))],
            self.rows,
            area=lambda _area_id: None,
            now=self.now,
            bus=cast.voices.bus,
        )
        self.music = Music(cast.home, new_trace=cast.voices.new_trace)
        self.house = HouseSpeaks(self.board, cast.voices, quiet, self.music, area_name=str.title)
        self.rooms = {}
        for number, area_id in enumerate(AREAS, 1):
            self.rooms[area_id] = Satellite(number, area_id, self.board)
            self.board.satellite_up(self.rooms[area_id])

    def now(self):
        return self.clock + timedelta(seconds=asyncio.get_running_loop().time() - self.started_s)

    def lose(self, area_id):
        self.rooms[area_id].gone = True
        self.board.satellite_down(self.rooms[area_id], LinkClosedError("gone"))

    def kinds(self, area_id):
        return [message.kind for message in self.rooms[area_id].of(Play)]

    async def close(self):
        await self.board.close()
        await self.house.close()


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def refused(work):
    """The code of the error that it ends in."""
    with pytest.raises(RoomtoneError) as caught:
        await work
    return caught.value.code
