"""One satellite: sound, session, connection and controls, wired together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from protocol.errors import RoomtoneError
from protocol.frames import Frame, FrameType
from protocol.link import Link
from protocol.messages import AnyMessage, ErrorMessage, Floor, MuteState, Stop, Welcome
from satellite.audio.port import AudioBackend
from satellite.config import Identity, Store
from satellite.connection import HubConnection
from satellite.controls import ControlServer
from satellite.dsp.chain import Call, Chain, Flow, Halt, Sound
from satellite.dsp.echo import EchoCanceller
from satellite.dsp.wake import StopWord, WakeDetector
from satellite.errors import MutedError
from satellite.handoff import Handoff
from satellite.loudspeaker import Loudspeaker
from satellite.microphone import Microphone
from satellite.session import Phase
from satellite.watchdog import heartbeat, notify

_LOG: Final = logging.getLogger(__name__)
_DONE_AFTER_S: Final = 3.0
_DONE_CHECK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides."""

    wake_words: tuple[str, ...]
    hub: tuple[str, int] | None = None
    follow: bool = True
    stop_model: Path | None = None
    exit_when_done: bool = False


class Agent:
    """Runs one satellite; everything here happens on the event loop.

    `report` gets the name of each thing that happens in the room (connected, lost, woken, light_on, light_off, muted,
    unmuted, sound_lost, sound_back): whoever owns a light listens there.
    """

    _microphone: Microphone

    def __init__(
        self,
        store: Store,
        identity: Identity,
        backend: AudioBackend,
        *,
        canceller: EchoCanceller,
        settings: Settings,
        report: Callable[[str], None],
    ) -> None:
        """Wire it on the running event loop.

        Raises:
            WakeWordError: an unknown wake word, or a stop model that cannot be used.
            NotPairedError: this satellite belongs to no hub.
        """
        loop = asyncio.get_running_loop()
        self._store = store
        self._identity = identity
        self._backend = backend
        self._settings = settings
        self._report = report
        self._from_chain: Handoff[Sound | Call | Flow | Halt] = Handoff(loop, self._take)
        asks = lambda: self._microphone.asked()  # noqa: E731, PLW0108 - the microphone is made after its loudspeaker
        self._loudspeaker = Loudspeaker(loop, store.directory, asks)
        player = self._loudspeaker.player
        stop_word = StopWord(settings.stop_model) if settings.stop_model else None
        wake = WakeDetector(settings.wake_words)
        self._chain = Chain(player, canceller, wake, self._from_chain.put, stop_word=stop_word)
        self._chain.mute(muted=identity.muted)
        self._microphone = Microphone(self._chain, player, report, follow=settings.follow)
        self._connection = HubConnection(identity, self, override=settings.hub, follow=settings.follow)
        self._link: Link | None = None
        self._silenced: asyncio.Future[None] = loop.create_future()
        self._loop = loop

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`, or until done where that was asked for.

        Raises:
            RoomtoneError: the sound stopped for good, or something could not be opened.
        """
        controls = ControlServer(
            self._store.directory,
            {
                "status": self.status,
                "mute": self.mute,
                "unmute": self.unmute,
                "button": self.button,
                "stop": self.stop,
            },
        )
        tasks: list[asyncio.Future[Any]] = []
        try:
            self._backend.start(self._chain, self._sound_failed)
            await controls.start()
            tasks = [
                asyncio.ensure_future(self._connection.run()),
                asyncio.ensure_future(stop.wait()),
                asyncio.ensure_future(heartbeat(lambda: self._chain.blocks, lambda: self._backend.status()["problem"])),
                asyncio.ensure_future(self._loudspeaker.bell.run()),
                self._silenced,
            ]
            if self._settings.exit_when_done:
                tasks.append(asyncio.ensure_future(self._until_done()))
            notify("READY=1")
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            notify("STOPPING=1")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await controls.close()
            await asyncio.to_thread(self._backend.close)

    # --- controls: this room's own will ---

    def status(self) -> dict[str, Any]:
        """Everything a person may want to know."""
        pairing = self._identity.paired()
        player = self._loudspeaker.player
        return {
            "device_id": self._identity.device_id,
            "name": self._identity.name,
            "area": pairing.area,
            "hub": pairing.hub_name,
            "connection": self._connection.state.value,
            "problem": self._connection.problem,
            "session": self._microphone.phase.value,
            "muted": self._identity.muted,
            "follow": self._settings.follow,
            **{f"audio_{name}": value for name, value in self._backend.status().items()},
            "playing": player.busy,
            "ringing": self._loudspeaker.bell.ringing,
            "wake_words": list(self._settings.wake_words),
            "jitter_target_ms": player.jitter.target * 20,
            "underruns": player.jitter.underruns,
            "void_frames": player.void,
            "dropped": self._from_chain.dropped + self._backend.dropped_blocks + player.jitter.dropped,
            "blocks": self._chain.blocks,
        }

    def mute(self) -> dict[str, Any]:
        """Switch the microphone off; it stays off after a restart."""
        return self._set_muted(muted=True)

    def unmute(self) -> dict[str, Any]:
        """Switch it on again. Nothing that the hub sends leads here."""
        return self._set_muted(muted=False)

    def _set_muted(self, *, muted: bool) -> dict[str, Any]:
        self._microphone.mute(muted=muted)  # first of all, whatever the disk says
        if muted:
            self._loudspeaker.bell.stop()
        self._keep(self._identity.model_copy(update={"muted": muted}))
        if self._link is not None:
            self._link.send(MuteState(muted=muted))
        self._report("muted" if muted else "unmuted")
        return {"muted": muted}

    def button(self) -> dict[str, Any]:
        """Call without a word; while a timer rings, only stop that.

        Raises:
            MutedError: the microphone is off.
        """
        if self._loudspeaker.bell.stop():
            return {}
        if self._identity.muted:
            raise MutedError("The microphone is off; switch it on with “roomtone-satellite mute off”.")
        self._chain.press_button()
        return {}

    def stop(self) -> dict[str, Any]:
        """Silence here at once, and an end of the session."""
        self._loudspeaker.stop()
        if self._link is not None:
            self._link.send(Stop())
        return {}

    # --- the hub ---

    def welcomed(self, link: Link, welcome: Welcome, address: tuple[str, int]) -> None:
        """Logged in."""
        self._link = link
        self._microphone.welcomed(link)
        pairing = self._identity.paired()
        now = pairing.model_copy(
            update={
                "host": address[0],
                "port": address[1],
                "area": welcome.area,
                "area_name": welcome.area_name,
                "hub_name": welcome.hub_name,
            }
        )
        if now != pairing:
            self._keep(self._identity.model_copy(update={"pairing": now}))
        link.send(MuteState(muted=self._identity.muted))
        self._loudspeaker.welcomed(link, welcome)
        self._backend.begin()
        self._report("connected")

    def _keep(self, identity: Identity) -> None:
        self._identity = identity
        try:
            self._store.save(identity)
        except RoomtoneError as error:
            # A full disk must not take the voice away; it holds for this run and is said aloud.
            _LOG.error("%s", error.sentence)

    def message(self, message: AnyMessage) -> None:
        """What the hub wants."""
        if isinstance(message, Floor):
            self._microphone.floor(message)
        elif isinstance(message, ErrorMessage):
            _LOG.warning("the hub answered %s: %s", message.code, message.message)
        else:
            self._loudspeaker.message(message)

    def frame(self, frame: Frame) -> None:
        """Sound to play."""
        if frame.type == FrameType.AUDIO:
            self._loudspeaker.audio(frame)

    def lost(self, error: RoomtoneError) -> None:
        """The hub is gone, and every right with it."""
        _LOG.info("the link ended: %s", error.code)
        self._microphone.lost()
        self._link = None
        self._loudspeaker.lost()
        self._report("lost")

    # --- the room ---

    def _take(self, item: Sound | Call | Flow | Halt) -> None:
        if isinstance(item, Sound):
            self._microphone.sound(item)
        elif isinstance(item, Call):
            self._loudspeaker.stop()  # who calls wants to be heard
            self._microphone.called(item)
        elif isinstance(item, Halt):
            self.stop()
        else:
            if not item.flows:
                self.stop()  # nobody is heard here any more: no conversation may wait for an answer
            self._report("sound_back" if item.flows else "sound_lost")

    def _sound_failed(self, error: BaseException) -> None:
        def tell() -> None:
            if not self._silenced.done():
                self._silenced.set_exception(error)

        self._loop.call_soon_threadsafe(tell)

    async def _until_done(self) -> None:
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < _DONE_AFTER_S:
            await asyncio.sleep(_DONE_CHECK_S)
            talking = self._microphone.phase in (Phase.CALLING, Phase.TALKING)
            busy = talking or self._loudspeaker.player.busy or self._loudspeaker.bell.ringing
            if busy or not self._backend.ended:
                quiet_since = time.monotonic()
