"""Somebody talks over the loudspeaker: told from what is left when its echo is taken away, within some 80 ms."""

from __future__ import annotations

from typing import Final

_SURE_DB: Final = 8.0  # one block is enough
_LIKELY_DB: Final = 4.5
_LIKELY_BLOCKS: Final = 2
_GOES_ON_DB: Final = 3.0
# The pause between two words is not the end; a person who has said all is waited for no longer.
_END_BLOCKS: Final = 7  # 140 ms
_LONGEST_BLOCKS: Final = 125  # 2.5 s: a person was answered by then; what goes on is a sound of the room
_REST_BLOCKS: Final = 100  # twice as long each time that it goes on all the same: a television
_REST_DOUBLED_MAX: Final = 4


class BargeIn:
    """Follows the excess over the loudspeaker's echo, block by block of 20 ms.

    Attributes:
        talking: whether somebody talks over the loudspeaker, as far as is known now.
    """

    def __init__(self) -> None:
        self.talking = False
        self._likely = self._quiet = self._long = self._rest = self._in_vain = 0

    def hear(self, excess_db: float, *, playing: bool) -> bool:
        """Take a block; whether somebody talks over the loudspeaker now."""
        self._rest = max(0, self._rest - 1)
        if not playing:
            self.talking, self._likely, self._rest = False, 0, 0
        elif self.talking:
            self._go_on(excess_db)
        elif not self._rest:
            self._likely = self._likely + 1 if excess_db > _LIKELY_DB else 0
            if self._likely >= _LIKELY_BLOCKS or excess_db > _SURE_DB:
                self.talking, self._quiet, self._long = True, 0, 0
        return self.talking

    def _go_on(self, excess_db: float) -> None:
        self._long += 1
        self._quiet = 0 if excess_db > _GOES_ON_DB else self._quiet + 1
        if self._quiet >= _END_BLOCKS or self._long >= _LONGEST_BLOCKS:
            self.talking, self._likely = False, 0
            # While it rests, what is left of the echo is learnt anew: perhaps the loudspeaker was moved.
            in_vain = self._long >= _LONGEST_BLOCKS
            self._rest = _REST_BLOCKS << self._in_vain if in_vain else 0
            self._in_vain = min(_REST_DOUBLED_MAX, self._in_vain + 1) if in_vain else 0
