"""Rows over the fake model in virtual time, for tests."""

from __future__ import annotations

import numpy as np

from hub.engine.personaplex.port import FRAME_SAMPLES, Prompt
from hub.engine.personaplex.serving.renewal import Window
from hub.engine.personaplex.serving.row import Inbox, ModelAudio, Row, Tokenizer
from hub.engine.personaplex.serving.rows import TICK_S, Rows
from tests.hub.engine.personaplex.fake_model import FakeModel

KIND = Prompt("NATF2.pt", "You are kind.")


def frame(value: float = 0.0) -> np.ndarray:
    return np.full(FRAME_SAMPLES, value, np.float32)


class House:
    """Rows over a fake model in virtual time, with what each row told."""

    def __init__(self, rows: int = 2, *, context: int = 3000, loudness: float = 0.0) -> None:
        self.now = 0.0
        self.model = FakeModel(rows, context=context, spend=self._spend)
        self.rows = Rows(self.model, lambda: self.now)
        self.told: dict[Row, list] = {}
        self.talking: dict[Row, float] = {}
        self.window = Window.of(context)

    def _spend(self, seconds: float) -> None:
        self.now += seconds

    def open(self, place: int = 0, *, live: bool = True, prompt: Prompt = KIND, listen_only: bool = False) -> Row:
        tokenizer = Tokenizer(self.model.encode, self.model.piece, self.model.count_tokens)
        row = Row(
            place,
            prompt,
            live=live,
            listen_only=listen_only,
            window=self.window,
            tokenizer=tokenizer,
            inbox=Inbox(4000),
        )
        self.told[row] = []
        self.rows.join(row)
        return row

    def talk(self, row: Row, value: float = 0.0) -> None:
        """From now on this client sends a frame every 80 ms."""
        self.talking[row] = self.now + TICK_S
        self.value = value

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            for row in self.talking:
                while self.now >= self.talking[row]:
                    row.inbox.put(frame(self.value), self.now)
                    self.talking[row] += TICK_S
            wanted = self.rows.advance()
            for row in self.rows.telling:
                self.told[row] += row.events
                row.events = []
            next_s = min([end, *([wanted] if wanted is not None else []), *self.talking.values()])
            self.now = max(self.now, next_s)

    def of(self, row: Row, kind: type) -> list:
        return [event for event in self.told[row] if isinstance(event, kind)]

    def frames(self, row: Row) -> list[int]:
        return [event.index for event in self.of(row, ModelAudio)]
