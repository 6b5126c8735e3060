"""An OpenAI-compatible server on the loopback, in a thread of its own, so that a test may wait for other processes."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from tests.hub.llm.expert_server import ExpertServer, Reply


class ExpertThread:
    """A server that writes `text` word by word, after `first_s`, as fast as `pause_s` lets it.

    Attributes:
        asked_s: when each question came, by the monotonic clock.
        written: words of the newest answer that were sent.
        left_s: when a client went away before the end of an answer; None: none did.
    """

    def __init__(self, text: str, *, first_s: float = 0.0, pause_s: float = 0.0) -> None:
        self.text, self.first_s, self.pause_s = text, first_s, pause_s
        self.asked_s: list[float] = []
        self.written = 0
        self.left_s: float | None = None
        self._server = ExpertServer()
        self._server.play = self._play
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="expert-server")

    @property
    def url(self) -> str:
        return str(self._server.url)

    @property
    def questions(self) -> list[str]:
        return [asked["messages"][-1]["content"] for asked in self._server.asked]

    def start(self) -> None:
        self._thread.start()
        self._run(self._server.start())

    def go_down(self) -> None:
        """From now on nobody listens at its address."""
        self._run(self._server.stop())

    def close(self) -> None:
        self.go_down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _play(self, reply: Reply) -> None:
        self.asked_s.append(time.monotonic())
        self.written = 0
        try:
            await asyncio.sleep(self.first_s)
            for number, word in enumerate(self.text.split(" ")):
                await reply.delta(content=word if number == 0 else f" {word}")
                self.written += 1
                await asyncio.sleep(self.pause_s)
            await reply.done()
        except (asyncio.CancelledError, ConnectionResetError):
            self.left_s = time.monotonic()
            raise
