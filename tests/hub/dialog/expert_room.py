"""What an expert's answers are tried in: a room that is spoken to, and the replies of a server."""

from __future__ import annotations

import asyncio

from hub.dialog import filler


class Room:
    """Speaks for `speaks_s` each time; `cut()` silences it after the first word."""

    def __init__(self):
        self.said, self.speaks_s, self.spoke = [], 0.0, asyncio.Event()
        self._cut = asyncio.Event()

    async def say(self, text):
        self.said.append(text)
        self.spoke.set()
        try:
            async with asyncio.timeout(self.speaks_s):
                await self._cut.wait()
        except TimeoutError:
            return text
        return text.split(" ")[0]

    def cut(self):
        self._cut.set()

    @property
    def answers(self):
        return [text for text in self.said if text not in (*filler._FIRST, *filler._LATER)]


async def hangs(reply):
    """The server says nothing more, and does not close."""
    await reply.hang()
