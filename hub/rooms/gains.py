"""How much louder one microphone is than another, learnt from the days that they spend in one home.

A talker in room A is heard so much louder there than in room B; a talker in B the other way round. Air and doors are
the same in both directions, so half of the sum of both differences is what the microphones themselves differ by. With
that known, plain level tells rooms apart where the noise floors mislead: a quiet room beside an open door, two
satellites in one large room.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from hub.rooms.background import Flags
from hub.rooms.posterior import Floats
from protocol.errors import RoomtoneError

# Utterances in each of both rooms before a pair is trusted, and how many of them are remembered.
_TRUSTED: Final = 5
_REMEMBERED: Final = 40
# Log odds for a dB, and never more than so much: people also turn their backs.
_NAT_PER_DB: Final = 0.2
_LIMIT_NAT: Final = 2.0
_CLOSE_NAT: Final = 3.0
# A home of a hundred satellites has ten thousand pairs.
_PAIRS_LIMIT: Final = 40_000


class BadGainsError(RoomtoneError):
    """What was learnt about the microphones cannot be read."""

    code = "bad_gains"


class _Pair(BaseModel):
    """Somebody spoke at `near` `count` times, and was so much louder there than at `far`."""

    near: str = Field(max_length=200)
    far: str = Field(max_length=200)
    louder_db: float = Field(ge=-130.0, le=130.0)
    count: int = Field(ge=1, le=_REMEMBERED)


class _Learnt(BaseModel):
    version: Literal[1] = 1
    pairs: Annotated[list[_Pair], Field(max_length=_PAIRS_LIMIT)]


class Gains:
    """Pairs of rows of `Ears`. `mean_db[a, b]`: how much louder in a than in b, when somebody spoke in a.

    Rows come and go with connections; what was learnt is of devices, and is kept for when they are back.
    """

    def __init__(self, rows: int) -> None:
        self.mean_db = np.zeros((rows, rows))
        self.count = np.zeros((rows, rows), np.int64)
        self._device_of: dict[int, str] = {}
        self._kept: dict[tuple[str, str], tuple[float, int]] = {}

    def join(self, row: int, device_id: str) -> None:
        """A row is this device from now on."""
        self.grow(row + 1)
        self.forget(row)
        self._device_of[row] = device_id
        for other, other_id in self._device_of.items():
            for near, far, pair in ((row, other, (device_id, other_id)), (other, row, (other_id, device_id))):
                if pair in self._kept:
                    self.mean_db[near, far], self.count[near, far] = self._kept[pair]

    def to_json(self) -> dict[str, Any]:
        """What was learnt until now, by device ids, for the next start of the hub."""
        self._keep()
        pairs = [
            _Pair(near=near, far=far, louder_db=round(louder_db, 2), count=count)
            for (near, far), (louder_db, count) in sorted(self._kept.items())
        ]
        return _Learnt(pairs=pairs[:_PAIRS_LIMIT]).model_dump()

    def load(self, learnt: Any) -> None:
        """Begin with what `to_json` gave.

        Raises:
            BadGainsError: it is something else; nothing of it is taken.
        """
        try:
            pairs = _Learnt.model_validate(learnt).pairs
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
            raise BadGainsError(
                f"What was learnt about the microphones cannot be read ({where}). It will be learnt anew."
            ) from None
        self._kept.update({(pair.near, pair.far): (pair.louder_db, pair.count) for pair in pairs})
        for row, device_id in tuple(self._device_of.items()):
            self.join(row, device_id)

    def _keep(self) -> None:
        for one, one_id in self._device_of.items():
            for other, other_id in self._device_of.items():
                if self.count[one, other]:
                    self._kept[one_id, other_id] = (float(self.mean_db[one, other]), int(self.count[one, other]))

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        more = rows - len(self.count)
        if more > 0:
            self.mean_db = np.pad(self.mean_db, ((0, more), (0, more)))
            self.count = np.pad(self.count, ((0, more), (0, more)))

    def forget(self, row: int) -> None:
        """A row belongs to another satellite now, or to none."""
        if row >= len(self.count):
            return
        self._keep()
        self._device_of.pop(row, None)
        self.count[row] = self.count[:, row] = 0

    def learn(self, row: int, level_db: Floats, heard: Flags) -> None:
        """Somebody has spoken in `row`, and `heard` are the rooms whose level (dBFS) is his."""
        others = heard.copy()
        others[row] = False
        count = np.minimum(self.count[row] + others, _REMEMBERED)
        step = np.where(others, (level_db[row] - level_db - self.mean_db[row]) / np.maximum(count, 1), 0.0)
        self.mean_db[row] += step
        self.count[row] = np.where(others, count, self.count[row])

    def difference_db(self, one: int, other: int) -> float | None:
        """By how much the microphone of `one` is louder than that of `other`; None while that is not known."""
        if min(self.count[one, other], self.count[other, one]) < _TRUSTED:
            return None
        return float(self.mean_db[one, other] - self.mean_db[other, one]) / 2.0

    def by_level(self, odds: Floats, level_db: Floats) -> Floats:
        """The same odds after comparing the levels of rooms that are close to the best, as if all gains were equal."""
        best = int(np.argmax(odds))
        judged = odds
        for rival in np.flatnonzero(odds > odds[best] - _CLOSE_NAT).tolist():
            difference_db = None if rival == best else self.difference_db(best, rival)
            if difference_db is not None:
                judged = judged.copy() if judged is odds else judged
                louder_db = float(level_db[best] - level_db[rival]) - difference_db
                judged[rival] -= min(_LIMIT_NAT, max(-_LIMIT_NAT, _NAT_PER_DB * louder_db))
        return judged
