"""What this room plays on the hub's word, and what rings here by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from protocol.frames import Frame, FrameFlag
from protocol.link import Link, monotonic_us
from protocol.messages import (
    TIMERS_FEATURE,
    AnyMessage,
    Duck,
    Flush,
    Play,
    Playback,
    Rang,
    SetVolume,
    Timer,
    Timers,
    Welcome,
)
from satellite.audio.chime import bell
from satellite.audio.player import Heard, Player, Volumes
from satellite.handoff import Handoff
from satellite.timers import Bell, boot_id

_AS_LOUD_AS_USUAL_DB: Final = 0.0
_ASKS: Final = frozenset({"question", "intercom"})


class Loudspeaker:
    """The player and the bell of one room; everything here happens on the event loop.

    Args:
        asks: told while something is played that asks for an answer.

    Attributes:
        player: what sounds; the audio thread renders it.
        bell: the room's timers, for their owner to run.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, directory: Path, asks: Callable[[], None]) -> None:
        """Make a silent one; `directory` keeps the timers."""
        self._asks = asks
        self._question: int | None = None  # its generation
        self._from_player: Handoff[Heard] = Handoff(loop, self._acknowledge)
        self.player = Player(self._from_player.put, monotonic_us)
        self.bell = Bell(directory, self, now_s=lambda: time.clock_gettime(time.CLOCK_BOOTTIME), boot=boot_id())
        self._link: Link | None = None
        self._knows_timers = False

    # --- the hub ---

    def welcomed(self, link: Link, welcome: Welcome) -> None:
        """Logged in."""
        self._link = link
        self.player.set_volume(welcome.volume)
        self.player.set_volumes(
            Volumes(welcome.answer_volume, welcome.announcement_volume, welcome.chime_volume, welcome.intercom_volume)
        )
        self.player.duck(_AS_LOUD_AS_USUAL_DB)
        self._knows_timers = TIMERS_FEATURE in welcome.features
        for timer_id, state in self.bell.told():
            self.rang(timer_id, state)

    def lost(self) -> None:
        """The hub is gone, and what it was saying with it."""
        self._link = None
        self.player.stop()

    def message(self, message: AnyMessage) -> None:
        """What the hub wants to be played; any other message is not for here."""
        if isinstance(message, Play):
            self._question = message.generation if message.kind in _ASKS else None
            self.player.play(message.generation, message.kind)
        elif isinstance(message, Flush):
            self.player.flush(message.generation)
        elif isinstance(message, Duck):
            self.player.duck(message.gain_db)
        elif isinstance(message, SetVolume):
            self.player.set_volume(message.volume)
        elif isinstance(message, Timer):
            self.bell.set(message.id, message.kind, message.remaining_ms / 1000.0)
        elif isinstance(message, Timers):
            self.bell.keep_only(message.ids)

    def audio(self, frame: Frame) -> None:
        """Sound to play."""
        self.player.push(frame.generation, frame.samples, frame.payload, last=bool(frame.flags & FrameFlag.LAST))

    # --- the room ---

    def stop(self) -> None:
        """Silence at once."""
        self.bell.stop()
        self.player.stop()

    def ring(self) -> None:
        """Sound the bell once, unless the hub is just saying something; a call goes on and on, so over that."""
        if self.player.in_call or not self.player.busy:
            self.player.sound(bell())

    def rang(self, timer_id: str, state: Literal["ringing", "stopped"]) -> None:
        """Tell a hub that knows of timers what rings here."""
        if state == "stopped":
            self.player.hush()
        if self._link is not None and self._knows_timers:
            self._link.send(Rang(id=timer_id, state=state))

    def _acknowledge(self, heard: Heard) -> None:
        if heard.generation == self._question and heard.state != "flushed":
            self._asks()
        if self._link is not None:
            self._link.send(Playback.model_validate(heard._asdict()))
