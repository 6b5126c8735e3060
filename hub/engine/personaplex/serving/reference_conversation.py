"""A client of the reference protocol: Ogg Opus both ways, text pieces, one frame out for each frame in.

The model moves by the client's frames alone: a client that pauses gets nothing, one that sends ahead of time is
answered as fast as the model can, and held back by TCP when half a minute of its audio waits. Nothing of it is lost,
and audio from before the handshake is kept.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Final

from aiohttp import WSMessage, WSMsgType, web

from hub.engine.personaplex.ogg_opus import OggOpusReader, OggOpusWriter
from hub.engine.personaplex.port import FRAME_SAMPLES, Prompt
from hub.engine.personaplex.serving.codec import FrameCutter, FrameEncoder, PacketDecoder
from hub.engine.personaplex.serving.conversation import Conversation, EndConversationError, Ending
from hub.engine.personaplex.serving.outgoing import Outgoing
from hub.engine.personaplex.serving.renewal import Window
from hub.engine.personaplex.serving.row import Joined, ModelAudio, RowEvent
from hub.engine.personaplex.serving.ticker import Ticker
from hub.engine.personaplex.wire import CloseCode, Kind, TextPiece
from protocol.errors import CodecError

_LOG = logging.getLogger(__name__)
_MAX_BAD_PACKETS: Final = 500


class ReferenceConversation(Conversation):
    """One client of the reference protocol."""

    def __init__(
        self, websocket: web.WebSocketResponse, outgoing: Outgoing, ticker: Ticker, prompt: Prompt, window: Window
    ) -> None:
        """Take a row.

        Raises:
            EngineBusyError: every row is taken.
            ModelLostError: the model is gone.
        """
        super().__init__(websocket, outgoing, ticker)
        self._reader = OggOpusReader()
        self._decoder = PacketDecoder()
        self._cutter = FrameCutter()
        self._encoder = FrameEncoder()
        self._writer = OggOpusWriter(secrets.randbits(32))
        self._headed = False
        self._bad_packets = 0
        self._space = asyncio.Event()
        self._seat = ticker.open(prompt, self.on_events, live=False, window=window)

    def on_event(self, event: RowEvent) -> None:
        """Handshake, text, audio; the rest is not in this protocol."""
        if isinstance(event, Joined):
            self.out.send(bytes([Kind.HANDSHAKE]))
        elif isinstance(event, TextPiece):
            self.out.send(bytes([Kind.TEXT]) + event.piece.encode())
        elif isinstance(event, ModelAudio):
            page = (
                self._writer.page(self._encoder.encode(event.pcm), FRAME_SAMPLES)
                if self._headed
                else self._first(event)
            )
            self.out.send(bytes([Kind.AUDIO]) + page)
            self._space.set()

    def _first(self, event: ModelAudio) -> bytes:
        """The first page goes along with the header, in one message."""
        self._headed = True
        return self._writer.header() + self._writer.page(self._encoder.encode(event.pcm), FRAME_SAMPLES)

    async def on_message(self, message: WSMessage) -> None:
        """Audio; kinds that the reference does not know are ignored as it does."""
        if message.type is not WSMsgType.BINARY:
            raise EndConversationError(
                Ending(CloseCode.UNSUPPORTED, "This protocol has binary messages only.", "engine_wire")
            )
        if message.data[:1] != bytes([Kind.AUDIO]):
            return
        try:
            packets = self._reader.feed(message.data[1:])
        except CodecError as error:
            raise EndConversationError(Ending(CloseCode.BAD_DATA, error.sentence, error.code)) from error
        for packet in packets:
            await self._hear(packet)

    async def _hear(self, packet: bytes) -> None:
        try:
            pcm = self._decoder.decode(packet)
        except CodecError as error:
            self._bad_packets += 1
            if self._bad_packets > _MAX_BAD_PACKETS:
                raise EndConversationError(Ending(CloseCode.BAD_DATA, error.sentence, error.code)) from error
            return
        for frame in self._cutter.cut(pcm):
            while self._seat is not None and self._seat.full:
                self._space.clear()
                await self._space.wait()
            if self._seat is not None:
                self._seat.hear(frame)

    def farewell(self, ending: Ending) -> None:
        """A sentence for a person before the close."""
        self.out.send(bytes([Kind.ERROR]) + ending.sentence.encode())
        counts = self._reader.counts
        if counts.broken_pages or self._bad_packets:
            _LOG.info("a client's audio was damaged: %s, %d bad packets", counts, self._bad_packets)
