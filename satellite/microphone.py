"""What leaves this room, and when: calls, levels, and sound while the room has the floor."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from protocol.frames import Frame, FrameFlag, FrameType
from protocol.link import Link
from protocol.messages import ErrorMessage, Floor, Wake
from satellite.audio.chime import PoliteChime, chime
from satellite.audio.player import Player
from satellite.dsp.chain import Call, Chain, Sound
from satellite.errors import NotWokenError
from satellite.session import Phase, Session
from satellite.uplink import STREAM, Uplink

_LOG: Final = logging.getLogger(__name__)


class Microphone:
    """The room's side of the floor; everything here happens on the event loop.

    Args:
        follow: whether it may take over the floor when the talker of another room comes in.
        report: told light_on, light_off, woken and woken_offline.
    """

    def __init__(self, chain: Chain, player: Player, report: Callable[[str], None], *, follow: bool) -> None:
        self._chain, self._player, self._report = chain, player, report
        self._session = Session(time.monotonic, follow=follow)
        self._chime = PoliteChime()
        self._link: Link | None = None
        self._uplink: Uplink | None = None

    @property
    def phase(self) -> Phase:
        """What may leave the room now."""
        return self._session.phase

    def welcomed(self, link: Link) -> None:
        """Logged in."""
        self._link, self._uplink = link, Uplink(link)
        self._session.welcomed()

    def lost(self) -> None:
        """The hub is gone, and every right with it."""
        if self.phase is Phase.TALKING:
            self._end()
        self._session.lost()
        self._link = self._uplink = None

    def mute(self, *, muted: bool) -> None:
        """Switch it off, and with it every right; or on again."""
        self._chain.mute(muted=muted)
        if muted:
            talking = self.phase is Phase.TALKING
            self._session.muted()
            if talking:
                self._end()

    def floor(self, message: Floor) -> None:
        """The hub's word on the floor; a grant that nobody here has called for is refused."""
        talking = self.phase is Phase.TALKING
        try:
            begins = self._session.floor(message.state, message.because)
        except NotWokenError as error:
            _LOG.warning("the hub asked for sound that nobody here had offered; refused")
            if self._link is not None:
                self._link.send(ErrorMessage(code=error.code, message=error.sentence))
            return
        if begins:
            if message.chime and message.because != "moved":  # he goes on talking: no sound into it
                self._chime.wanted()
            # What was said here before a question is not part of the answer, and stays here.
            self._chain.open_gate(preroll=message.because != "asked")
            self._report("light_on")
        elif talking and self.phase is not Phase.TALKING:
            self._end()

    def asked(self) -> None:
        """The loudspeaker of this room says what asks for an answer."""
        self._session.asked()

    def called(self, call: Call) -> None:
        """Somebody called."""
        if self._link is None or not self._session.called():
            self._report("woken_offline")
            return
        self._link.send(Wake.model_validate(call._asdict()))
        self._report("woken")

    def sound(self, item: Sound) -> None:
        """Send on what the chain made of 20 ms, if it may leave the room."""
        if not item.flags & FrameFlag.PREROLL:
            if item.speech:
                self._session.spoken()
            if item.type == FrameType.AUDIO and self._chime.due(speech=item.speech):
                self._player.sound(chime())
        if self._uplink is not None and (item.type == FrameType.LEVEL or self.phase is Phase.TALKING):
            self._uplink.put(
                Frame(item.type, item.payload, item.flags, STREAM, samples=item.samples, time_us=item.time_us)
            )

    def _end(self) -> None:
        self._chime.dropped()
        self._chain.close_gate()
        if self._uplink is not None:
            self._uplink.clear()
        self._report("light_off")
