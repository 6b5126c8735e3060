"""The assistant's side: what it says after what the user said, and what happens then."""

from __future__ import annotations

from typing import Any

import pytest

from hub.understanding.commitments import Commitments, Ready, Request
from hub.understanding.decisions import Moment
from hub.understanding.house import House
from hub.understanding.parser import Parser

PARSER = Parser()
FRAME_S = 0.08


class Talk:
    """One conversation on a clock of frames: a word every four frames, a mark in the frame after it."""

    def __init__(self, house: House, now: Any, area: str | None) -> None:
        self.house, self.now, self.area = house, now, area
        self.commitments = Commitments(PARSER)
        self.frame = 0
        self.turn = 0

    def moment(self) -> Moment:
        return Moment(self.house, self.now, self.frame * FRAME_S, self.frame)

    def hear(self, words: str, *, grows: bool = False) -> list[Ready]:
        self.turn += not grows
        understood = PARSER.understand(words, self.house, self.area, self.now) if words else None
        return self.commitments.hear_request(Request(words, understood, self.area, self.turn, True), self.moment())

    def deaf(self) -> list[Ready]:
        return self.commitments.hear_nothing(self.moment(), self.area)

    def say(self, text: str, pads: int = 3) -> list[Ready]:
        made: list[Ready] = []
        for word in text.split():
            letters = word.rstrip(".,!?;")
            made += self.piece(f"\u2581{letters}")
            if letters != word:
                made += self.piece(word[len(letters) :])
            made += self.wait(pads)
        return made

    def piece(self, piece: str) -> list[Ready]:
        self.frame += 1
        return self.commitments.speak(piece, self.moment())

    def wait(self, frames: int) -> list[Ready]:
        return [ready for _ in range(frames) for ready in self.piece("")]

    def end(self, *, interrupted: bool = False) -> list[Ready]:
        return self.commitments.end(self.moment(), interrupted=interrupted)


@pytest.fixture
def talk(houses):
    from conftest import NOW

    return lambda house="british", area="lounge": Talk(houses[house], NOW, area)
