"""A client of our extension: control in JSON, audio in frames, in real time (`wire`)."""

from __future__ import annotations

import asyncio
from typing import Final

import numpy as np
from aiohttp import WSMessage, WSMsgType, web

from hub.engine.personaplex import wire
from hub.engine.personaplex.port import Prompt
from hub.engine.personaplex.serving.codec import PACKET_SAMPLES, FrameCutter, PacketDecoder, to_float, to_int16
from hub.engine.personaplex.serving.conversation import Conversation, EndConversationError, Ending
from hub.engine.personaplex.serving.outgoing import Outgoing
from hub.engine.personaplex.serving.renewal import Window
from hub.engine.personaplex.serving.row import Ended, Joined, ModelAudio, RowEvent
from hub.engine.personaplex.serving.ticker import Ticker
from hub.engine.personaplex.wire import CloseCode, EngineWireError
from hub.engine.port import EngineError
from protocol.errors import CodecError

OPEN_S: Final = 10.0
_MAX_FAULTS: Final = 64


class ExtensionConversation(Conversation):
    """One client of the extension."""

    def __init__(self, websocket: web.WebSocketResponse, outgoing: Outgoing, ticker: Ticker, window: Window) -> None:
        super().__init__(websocket, outgoing, ticker)
        self._window = window
        self._decoder: PacketDecoder | None = None
        self._cutter = FrameCutter()
        self._next = 0
        self._faults = 0
        self._opened = False
        self._late = asyncio.get_running_loop().call_later(OPEN_S, self._not_opened)

    def on_event(self, event: RowEvent) -> None:
        """Everything a row does is in this protocol."""
        if isinstance(event, ModelAudio):
            self.out.send(wire.pack_audio(event.index, to_int16(event.pcm).astype("<i2").tobytes()))
        elif isinstance(event, Joined):
            self._opened = True
            opened = wire.Opened(
                row=event.row, prompt_frames=event.prompt_frames, started_ms=round(event.started_ms, 1)
            )
            self.out.send(opened.model_dump_json())
        elif not isinstance(event, Ended):
            self.out.send(event.model_dump_json())

    async def on_message(self, message: WSMessage) -> None:
        """`open` first, then control and audio; a message that is not understood is answered and costs nothing else."""
        try:
            if message.type is WSMsgType.TEXT:
                self._control(wire.parse_client(message.data))
            elif self._seat is None:
                raise EndConversationError(Ending(CloseCode.PROTOCOL, "The first message is `open`.", "engine_wire"))
            else:
                self._hear(message.data)
        except (EngineWireError, CodecError) as error:
            if self._seat is None:
                raise EndConversationError(Ending(CloseCode.PROTOCOL, error.sentence, error.code)) from error
            self._faults += 1
            if self._faults > _MAX_FAULTS:
                raise EndConversationError(Ending(CloseCode.PROTOCOL, error.sentence, error.code)) from error
            self.out.send(wire.Fault(code=error.code, message=error.sentence).model_dump_json())

    def _control(self, message: wire.ClientMessage) -> None:
        if isinstance(message, wire.Open):
            if self._seat is not None:
                raise EngineWireError("This session is open already.")
            self._open(message)
        elif self._seat is None:
            raise EngineWireError("The first message is `open`.")
        else:
            try:
                self._seat.command(message)
            except EngineError as error:
                self.out.send(wire.Fault(code=error.code, message=error.sentence).model_dump_json())

    def _open(self, message: wire.Open) -> None:
        self._late.cancel()
        if message.audio == "opus":
            self._decoder = PacketDecoder()
        self._seat = self._ticker.open(
            Prompt(message.voice, message.prompt),
            self.on_events,
            live=True,
            listen_only=message.listen_only,
            window=self._window,
        )

    def _hear(self, message: bytes) -> None:
        index, payload = wire.unpack_audio(message)
        # The client leaves out what it had to drop; what is missing is not made up, the row is in real time anyway.
        if (index - self._next) & 0xFFFFFFFF >= 1 << 31:
            raise EngineWireError(f"Audio {index} came after {self._next - 1}.")
        self._next = index + 1
        if self._decoder is not None:
            pcm = self._decoder.decode(payload)
        elif len(payload) == 2 * PACKET_SAMPLES:
            pcm = to_float(np.frombuffer(payload, "<i2").astype(np.int16))
        else:
            raise EngineWireError(f"20 ms of audio are {2 * PACKET_SAMPLES} bytes of int16, not {len(payload)}.")
        for frame in self._cutter.cut(pcm):
            if self._seat is not None:
                self._seat.hear(frame)

    def _not_opened(self) -> None:
        if self._seat is None:
            self.end(Ending(CloseCode.POLICY, f"No `open` came within {OPEN_S:g} s.", "engine_wire"))

    def farewell(self, ending: Ending) -> None:
        """A refusal before the session has begun, a fault after it."""
        self._late.cancel()
        if self._opened:
            self.out.send(wire.Fault(code=ending.code, message=ending.sentence).model_dump_json())
        else:
            refused = wire.Refused(code=ending.code, message=ending.sentence, retry=ending.retry)
            self.out.send(refused.model_dump_json())
