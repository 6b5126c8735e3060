"""One satellite: sound, session, connection and controls, wired together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from protocol.errors import RoomtoneError
from protocol.frames import Frame, FrameFlag, FrameType
from protocol.link import Link, monotonic_us
from protocol.messages import (
    TIMERS_FEATURE,
    AnyMessage,
    Duck,
    ErrorMessage,
    Floor,
    Flush,
    MuteState,
    Play,
    Playback,
    Rang,
    SetVolume,
    Stop,
    Timer,
    Timers,
    Wake,
    Welcome,
)
from protocol.records import MEASUREMENT_BYTES, MeasureFlag, Measurement
from satellite.audio.chime import PoliteChime, bell, chime
from satellite.audio.player import Heard, Player
from satellite.audio.port import AudioBackend
from satellite.config import Identity, Store
from satellite.connection import HubConnection
from satellite.controls import ControlServer
from satellite.dsp.chain import Call, Chain, Flow, Sound
from satellite.dsp.echo import EchoCanceller
from satellite.dsp.wake import WakeDetector
from satellite.errors import MutedError, NotWokenError
from satellite.handoff import Handoff
from satellite.session import Phase, Session
from satellite.timers import Bell, boot_id
from satellite.uplink import STREAM, Uplink
from satellite.watchdog import INTERVAL_S, notify

_LOG: Final = logging.getLogger(__name__)
_DONE_AFTER_S: Final = 3.0
_DONE_CHECK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides."""

    wake_words: tuple[str, ...]
    hub: tuple[str, int] | None = None
    exit_when_done: bool = False


class Agent:
    """Runs one satellite; everything here happens on the event loop.

    `report` gets the name of each thing that happens in the room (connected, lost, woken, light_on, light_off, muted,
    unmuted, sound_lost, sound_back): whoever owns a light listens there.
    """

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
            WakeWordError: an unknown wake word.
            NotPairedError: this satellite belongs to no hub.
        """
        loop = asyncio.get_running_loop()
        self._store = store
        self._identity = identity
        self._backend = backend
        self._settings = settings
        self._report = report
        self._session = Session(time.monotonic)
        self._from_chain: Handoff[Sound | Call | Flow] = Handoff(loop, self._take)
        self._from_player: Handoff[Heard] = Handoff(loop, self._acknowledge)
        self._player = Player(self._from_player.put, monotonic_us)
        self._chime = PoliteChime()
        self._chain = Chain(self._player, canceller, WakeDetector(settings.wake_words), self._from_chain.put)
        self._chain.mute(muted=identity.muted)
        self._bell = Bell(store.directory, self, now_s=lambda: time.clock_gettime(time.CLOCK_BOOTTIME), boot=boot_id())
        self._knows_timers = False
        self._connection = HubConnection(identity, self, override=settings.hub)
        self._link: Link | None = None
        self._uplink: Uplink | None = None
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
                asyncio.ensure_future(self._heartbeat()),
                asyncio.ensure_future(self._bell.run()),
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
        return {
            "device_id": self._identity.device_id,
            "name": self._identity.name,
            "area": pairing.area,
            "hub": pairing.hub_name,
            "connection": self._connection.state.value,
            "problem": self._connection.problem,
            "session": self._session.phase.value,
            "muted": self._identity.muted,
            **{f"audio_{name}": value for name, value in self._backend.status().items()},
            "playing": self._player.busy,
            "ringing": self._bell.ringing,
            "wake_words": list(self._settings.wake_words),
            "jitter_target_ms": self._player.jitter.target * 20,
            "underruns": self._player.jitter.underruns,
            "void_frames": self._player.void,
            "dropped": self._from_chain.dropped + self._backend.dropped_blocks + self._player.jitter.dropped,
            "blocks": self._chain.blocks,
        }

    def mute(self) -> dict[str, Any]:
        """Switch the microphone off; it stays off after a restart."""
        return self._set_muted(muted=True)

    def unmute(self) -> dict[str, Any]:
        """Switch it on again. Nothing that the hub sends leads here."""
        return self._set_muted(muted=False)

    def _set_muted(self, *, muted: bool) -> dict[str, Any]:
        self._chain.mute(muted=muted)  # first of all, whatever the disk says
        if muted:
            self._bell.stop()
            talking = self._session.phase is Phase.TALKING
            self._session.muted()
            if talking:
                self._end_session()
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
        if self._bell.stop():
            return {}
        if self._identity.muted:
            raise MutedError("The microphone is off; switch it on with “roomtone-satellite mute off”.")
        self._chain.press_button()
        return {}

    def stop(self) -> dict[str, Any]:
        """Silence here at once, and an end of the session."""
        self._bell.stop()
        self._player.stop()
        if self._link is not None:
            self._link.send(Stop())
        return {}

    # --- the hub ---

    def welcomed(self, link: Link, welcome: Welcome, address: tuple[str, int]) -> None:
        """Logged in."""
        self._link, self._uplink = link, Uplink(link)
        self._session.welcomed()
        self._player.set_volume(welcome.volume)
        self._player.duck(0.0)
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
        self._knows_timers = TIMERS_FEATURE in welcome.features
        for timer_id, state in self._bell.told():
            self.rang(timer_id, state)
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
            self._floor(message)
        elif isinstance(message, Play):
            self._player.play(message.generation)
        elif isinstance(message, Flush):
            self._player.flush(message.generation)
        elif isinstance(message, Duck):
            self._player.duck(message.gain_db)
        elif isinstance(message, SetVolume):
            self._player.set_volume(message.volume)
        elif isinstance(message, Timer):
            self._bell.set(message.id, message.kind, message.remaining_ms / 1000.0)
        elif isinstance(message, Timers):
            self._bell.keep_only(message.ids)
        elif isinstance(message, ErrorMessage):
            _LOG.warning("the hub answered %s: %s", message.code, message.message)

    def frame(self, frame: Frame) -> None:
        """Sound to play."""
        if frame.type == FrameType.AUDIO:
            self._player.push(frame.generation, frame.samples, frame.payload, last=bool(frame.flags & FrameFlag.LAST))

    def lost(self, error: RoomtoneError) -> None:
        """The hub is gone, and every right with it."""
        _LOG.info("the link ended: %s", error.code)
        if self._session.phase is Phase.TALKING:
            self._end_session()
        self._session.lost()
        self._link = self._uplink = None
        self._player.stop()
        self._report("lost")

    def _floor(self, message: Floor) -> None:
        talking = self._session.phase is Phase.TALKING
        try:
            begins = self._session.floor(message.state)
        except NotWokenError as error:
            _LOG.warning("the hub asked for sound that nobody here had offered; refused")
            if self._link is not None:
                self._link.send(ErrorMessage(code=error.code, message=error.sentence))
            return
        if begins:
            if message.chime:
                self._chime.wanted()
            self._chain.open_gate()
            self._report("light_on")
        elif talking and self._session.phase is not Phase.TALKING:
            self._end_session()

    def _end_session(self) -> None:
        self._chime.dropped()
        self._chain.close_gate()
        if self._uplink is not None:
            self._uplink.clear()
        self._report("light_off")

    # --- the room ---

    def _take(self, item: Sound | Call | Flow) -> None:
        if isinstance(item, Call):
            self._called(item)
            return
        if isinstance(item, Flow):
            if not item.flows:
                self.stop()  # nobody is heard here any more: no conversation may wait for an answer
            self._report("sound_back" if item.flows else "sound_lost")
            return
        if item.type == FrameType.AUDIO and not item.flags & FrameFlag.PREROLL:
            speech = Measurement.unpack(item.payload[:MEASUREMENT_BYTES]).flags & MeasureFlag.SPEECH
            if self._chime.due(speech=bool(speech)):
                self._player.sound(chime())
        if self._uplink is not None and (item.type == FrameType.LEVEL or self._session.phase is Phase.TALKING):
            self._uplink.put(
                Frame(item.type, item.payload, item.flags, STREAM, samples=item.samples, time_us=item.time_us)
            )

    def ring(self) -> None:
        """Sound the bell once, unless the hub is just saying something."""
        if not self._player.busy:
            self._player.sound(bell())

    def rang(self, timer_id: str, state: Literal["ringing", "stopped"]) -> None:
        """Tell a hub that knows of timers what rings here."""
        if state == "stopped":
            self._player.hush()
        if self._link is not None and self._knows_timers:
            self._link.send(Rang(id=timer_id, state=state))

    def _called(self, call: Call) -> None:
        self._bell.stop()
        if self._link is None or not self._session.called():
            self._report("woken_offline")
            return
        self._link.send(Wake.model_validate(call._asdict()))
        self._report("woken")

    def _acknowledge(self, heard: Heard) -> None:
        if self._link is not None:
            self._link.send(Playback.model_validate(heard._asdict()))

    def _sound_failed(self, error: BaseException) -> None:
        def tell() -> None:
            if not self._silenced.done():
                self._silenced.set_exception(error)

        self._loop.call_soon_threadsafe(tell)

    async def _heartbeat(self) -> None:
        before = -1
        while True:
            # Before the hub's first welcome a recording has not begun; then only this loop can be watched.
            # A device that is gone is waited for: a restart would not bring it back.
            if self._chain.blocks != before or before <= 0 or self._backend.status()["problem"]:
                notify("WATCHDOG=1")
            before = self._chain.blocks
            await asyncio.sleep(INTERVAL_S)

    async def _until_done(self) -> None:
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < _DONE_AFTER_S:
            await asyncio.sleep(_DONE_CHECK_S)
            busy = self._session.phase in (Phase.CALLING, Phase.TALKING) or self._player.busy or self._bell.ringing
            if busy or not self._backend.ended:
                quiet_since = time.monotonic()
