"""A satellite that lies: a paired device whose every number is impossible."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from protocol.errors import RoomtoneError
from protocol.frames import Frame, FrameFlag, FrameType
from protocol.handshake import satellite_login
from protocol.link import Link
from protocol.messages import AnyMessage, ErrorMessage, Wake
from protocol.records import LevelRecord, MeasureFlag, Measurement, encode_levels, pack_measurements
from tests.living.network import PORT, Network
from tests.living.record import Record

NAME: Final = "garden-pi"
AREA: Final = "garden"
# Louder than full scale allows beside such a noise floor, always speech, and nearer than arm's length.
_LOUD: Final = LevelRecord(0.0, 1.0, 40.0, 2.75, 23.75, MeasureFlag.SPEECH)
_MEASURED: Final = Measurement(0.0, -127.5, (0.0,) * 10, 1.0, 1.0, 0.0, MeasureFlag.SPEECH)
_HOUR_US: Final = 3_600_000_000
_STORM: Final = 1000


class Liar:
    """Connects again and again, for as long as it is let.

    Args:
        key: what it was paired with.
    """

    def __init__(self, network: Network, record: Record, device_id: str, key: bytes, pinned_hash: bytes) -> None:
        self._network, self._record = network, record
        self._device_id, self._key, self._pinned_hash = device_id, key, pinned_hash
        self._clock_us: Callable[[], int] = network.clocks[NAME]
        self._samples = 0
        self._told = ""

    async def lie(self, lasting_s: float) -> None:
        """Levels first, then times, then a thousand calls a second."""
        end_s = asyncio.get_running_loop().time() + lasting_s
        while asyncio.get_running_loop().time() < end_s:
            with contextlib.suppress(RoomtoneError, TimeoutError):
                async with asyncio.timeout(lasting_s):
                    await self._one_life(end_s)
            await asyncio.sleep(1.0)

    async def _one_life(self, end_s: float) -> None:
        link = await self._network.connect(NAME, PORT)
        await satellite_login(
            link,
            device_id=self._device_id,
            name=NAME,
            software="liar",
            device_key=self._key,
            pinned_hash=self._pinned_hash,
        )
        self._told = ""
        self._record.note("liar", state="in")
        link.attach(self)
        frames = 0
        try:
            while not link.closed and asyncio.get_running_loop().time() < end_s:
                self._level(link, frames)
                if frames == 150:
                    self._wake(link)
                if frames > 400:
                    for _ in range(_STORM // 50):
                        self._wake(link)
                frames += 1
                await asyncio.sleep(0.02)
        finally:
            link.close("the liar has lied enough")
            await link.wait_closed()

    def _level(self, link: Link, frames: int) -> None:
        # Time travel: now, in an hour, an hour ago.
        time_us = max(0, self._clock_us() + (0, _HOUR_US, -_HOUR_US)[frames % 3])
        payload = encode_levels([_LOUD], 1, (-127.5,) * 10)
        link.send_frame(Frame(FrameType.LEVEL, payload, FrameFlag.FLOORS, 2, samples=self._samples, time_us=time_us))
        self._samples += 480

    def _wake(self, link: Link) -> None:
        end = self._samples + 24_000
        link.send(
            Wake(
                word="okay_nabu", score=1.0, start_samples=end - 16_800, end_samples=end, time_us=self._clock_us(),
                first_samples=end - 48_000 if end > 48_000 else 0, measurements=pack_measurements([_MEASURED] * 100),
            )
        )  # fmt: skip

    def message_received(self, link: Link, message: AnyMessage) -> None:
        if isinstance(message, ErrorMessage) and message.code != self._told:
            self._told = message.code
            self._record.note("liar", state="told", code=message.code)

    def frame_received(self, link: Link, frame: Frame) -> None:
        """It does not listen."""

    def link_lost(self, link: Link, error: RoomtoneError) -> None:
        self._record.note("liar", state="out", code=error.code)
