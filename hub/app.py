"""The composition root: builds every part, in order, and takes them down in reverse. It holds no logic."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

from hub.config import Settings
from hub.dialog.acting import Actor, zone_of
from hub.dialog.house_speaks import HouseSpeaks
from hub.dialog.journal import Journal
from hub.dialog.music import Music
from hub.dialog.quiet import QuietHours
from hub.dialog.quiet_store import QuietStore
from hub.dialog.switchboard import Switchboard
from hub.dialog.voices import Voices
from hub.door import Door
from hub.engine.port import EngineError, VoiceEngine
from hub.events import EngineBack, Event, EventBus, HubReady, StateChanged, Trouble, TurnEnded
from hub.facts import Facts
from hub.hearing.port import Hearing, HearingError
from hub.home.port import Home
from hub.home.presence import SensedPresence
from hub.house_methods import HouseMethods
from hub.house_policy import policy_of
from hub.learnt import LearntGains
from hub.methods import Methods
from hub.metrics import Metrics
from hub.parts import Progress, make_engine, make_expert, make_hearing, make_home, make_personas
from hub.rooms.arbiter import Arbiter
from hub.server.control import SOCKET_NAME, ControlServer
from hub.server.http import HttpServer
from hub.server.pairing import PairingDesk
from hub.server.satellites import SatelliteServer
from hub.store import STORE_NAME, Store
from hub.tools.bridge import ToolBridge
from hub.understanding.parser import Parser
from hub.understanding.routing import route
from hub.understanding.vocabulary import vocabulary
from protocol.discovery import Announcer, HubRecord
from protocol.errors import RoomtoneError
from protocol.messages import PROTOCOL_VERSION
from protocol.security import load_or_create_identity

_LOG = logging.getLogger(__name__)


def _now_ms() -> float:
    return time.monotonic() * 1000.0


def _new_trace() -> str:
    return uuid.uuid4().hex[:16]


class Hub:
    """Everything that runs, wired. `serve` drives it."""

    def __init__(
        self,
        settings: Settings,
        *,
        state_dir: Path,
        report_dir: Path | None,
        bus: EventBus,
        home: Home,
        engine: VoiceEngine,
        hearing: Hearing,
    ) -> None:
        self.settings = settings
        self.state_dir = state_dir
        self.bus = bus
        self.home, self.engine, self.hearing = home, engine, hearing
        self.store = Store(state_dir / STORE_NAME)
        self.identity = load_or_create_identity(state_dir)
        self.metrics = Metrics(self.bus)
        self.journal = Journal(report_dir)
        self.desk = PairingDesk(now_s=time.monotonic)
        name = settings.network.name
        self.door = Door(
            self.store,
            self.desk,
            home,
            hub_name=name,
            certificate_hash=self.identity.certificate_hash,
            volumes=settings.rooms.volumes,
        )
        self.expert = make_expert(settings, home)
        policy = policy_of(settings.policy)
        actor = Actor(home, Parser(policy=policy), now_ms=_now_ms, policy=policy, evidence=settings.policy.evidence)
        self.tools = ToolBridge(
            settings.tools,
            store=self.store,
            home=home,
            zone=lambda: zone_of(home.house.time_zone),
            device_in=self._device_in,
            line=lambda device_id: self.satellites.lines.get(device_id),  # noqa: PLW0108 - the server is made after this
            announce=self._announce,
            for_house=actor.is_for_house,
            house=lambda: self.house,
        )
        actor.deeds = self.tools.deeds
        voices = self._voices = Voices(
            engine=engine,
            hearing=hearing,
            actor=actor,
            tools=self.tools.desk,
            toolbox=self.tools.toolbox if settings.expert.tools else None,
            bus=self.bus,
            vocabulary=lambda: vocabulary(home.house),
            now_ms=_now_ms,
            new_trace=_new_trace,
            follow_up_s=settings.rooms.follow_up_s,
            persona=make_personas(settings, home),
            expert=self.expert,
            is_difficult=lambda text: (
                route(text, understood=False, threshold=settings.expert.threshold).kind == "expert"
            ),
        )
        rooms = settings.rooms
        arbiter = Arbiter(window_ms=rooms.wake_window_ms, window_ms_of_word={"okay_nabu": rooms.okay_nabu_window_ms})
        self.switchboard = Switchboard(voices, arbiter, area_name=self.door.area_name, presence=SensedPresence(home))
        self.learnt = LearntGains(self.store, self.switchboard.registry.attention.gains)
        self.house = HouseSpeaks(
            self.switchboard,
            voices,
            QuietHours(rooms.quiet, QuietStore(self.store), area=self.door.area, now=self._house_time, bus=self.bus),
            Music(home, new_trace=_new_trace),
            area_name=self.door.area_name,
        )
        self.satellites = SatelliteServer(
            self.identity, self.door, self.switchboard, area_of=self.door.area_of, now_ms=_now_ms
        )
        self.satellites.on_rang = self.tools.on_rang
        self.missing: dict[str, RoomtoneError] = {}
        """Parts that could not be had: the hub runs without them and says so."""
        self.facts = Facts(
            settings.network.name,
            door=self.door,
            store=self.store,
            home=home,
            engine=engine,
            missing=self.missing,
            switchboard=self.switchboard,
            house=self.house,
            now_s=time.monotonic,
        )
        self.methods = Methods(
            home=home,
            door=self.door,
            desk=self.desk,
            store=self.store,
            switchboard=self.switchboard,
            satellites=self.satellites,
            explain=actor.explain,
            status=self.facts.status,
            rooms=self.facts.rooms,
        )
        self.actions = HouseMethods(home, self.house, now=self._house_time).table()
        """What the house says when somebody asks for it: by the command line and by the API."""
        self._count()

    def _count(self) -> None:
        lives, floors, desk = self._voices.lives, self.switchboard.floors, self.desk
        holds = self._voices.holds
        self.metrics.count_with(
            "leaked_words",
            "Words of the engine's own answer that were sent before a turn turned out to be for the house.",
            lambda: holds.leaked_words,
        )
        for name, read in (
            ("conversation_steps_refused", lives.refused.total),
            ("floor_steps_refused", lambda: floors.refused),
            ("hold_steps_refused", holds.refused.total),
            ("call_steps_refused", self.house.intercoms.steps.refused.total),
            ("question_steps_refused", self.house.question_steps.refused.total),
            ("pairing_steps_refused", desk.counts.refused.total),
        ):
            self.metrics.count_with(name, "Steps that a state machine turned away; they point at a defect.", read)

    def _house_time(self) -> datetime:
        return datetime.now(zone_of(self.home.house.time_zone))

    def _device_in(self, area_id: str) -> str:
        room = self.switchboard.registry.in_area(area_id)
        return "" if room is None else room.line.device_id

    async def _announce(self, area_id: str, text: str) -> None:
        await self.switchboard.announce(area_id, text)

    async def start_part(self, what: str, part: VoiceEngine | Hearing) -> None:
        """Start the recogniser or the voice; the hub goes on without one that cannot be had."""
        try:
            await part.start()
        except (EngineError, HearingError) as error:
            _LOG.error("%s", error.sentence)
            self.missing[what] = error
            self.bus.publish(Trouble(error.code, error.sentence))

    # --- listeners of the bus -------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Keep the journal, and tell the bus what changes in the house."""

        def on_event(event: Event) -> None:
            if isinstance(event, TurnEnded):
                try:
                    self.journal.write(event.record)
                except RoomtoneError as error:
                    _LOG.error("%s", error.sentence)
                    self.bus.publish(Trouble(error.code, error.sentence))
            elif isinstance(event, EngineBack):
                self.missing.pop("voice", None)

        def on_change(entity_id: str) -> None:
            entity = self.home.house.entities.get(entity_id)
            if entity is not None:
                self.bus.publish(StateChanged(entity_id, entity.name, entity.area_id, entity.state))

        self.bus.subscribe(on_event)
        self.bus.subscribe(self.tools.on_event)
        self.home.on_change(on_change)


@contextlib.asynccontextmanager
async def running(hub: Hub, progress: Progress) -> AsyncIterator[Hub]:
    """Start everything, warm before it is called ready; stop everything in reverse, whatever happens."""
    network = hub.settings.network
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(hub.store.close)
        hub.watch()
        hub.learnt.start()
        stack.push_async_callback(hub.learnt.close)
        control = ControlServer(hub.state_dir / SOCKET_NAME, {**hub.methods.table(), **hub.actions}, hub.bus)
        await control.start()
        stack.push_async_callback(control.close)
        progress("starting the home")
        stack.push_async_callback(hub.home.close)
        await hub.home.start()
        parts: dict[str, VoiceEngine | Hearing] = {"recogniser": hub.hearing, "voice": hub.engine}
        progress("starting the recogniser and the voice")
        for part in parts.values():
            stack.push_async_callback(part.close)
        async with asyncio.TaskGroup() as starting:  # each loads for seconds, in a thread or a process of its own
            for what, part in parts.items():
                starting.create_task(hub.start_part(what, part))
        for error in hub.missing.values():
            progress(f"going on without it: {error.sentence}")
        port = await hub.satellites.start(network.host, network.port)
        stack.push_async_callback(hub.satellites.close)
        if not hub.missing:
            progress("learning to say that all are busy")
            await hub.switchboard.prepare()
        await hub.tools.start()
        stack.push_async_callback(hub.tools.close)
        if hub.expert is not None:
            stack.push_async_callback(hub.expert.close)
        stack.push_async_callback(hub.house.close)
        stack.push_async_callback(hub.switchboard.close)
        http = HttpServer(
            hub.identity.server_context(),
            network.host,
            network.http_port,
            token=hub.store.api_token(),
            status=hub.facts.status,
            rooms=hub.facts.rooms,
            metrics=hub.metrics,
            bus=hub.bus,
            actions=hub.actions,
        )
        http_port = await http.start()
        stack.push_async_callback(http.close)
        hub.facts.ports = (port, http_port)
        if network.announce:
            announcer = Announcer(
                HubRecord(
                    hub_id=hub.door.hub_id,
                    hub_name=network.name,
                    addresses=(),
                    port=port,
                    http_port=http_port,
                    boot_id=uuid.uuid4().hex[:16],
                    fingerprint=hub.identity.certificate_hash[:8].hex(),
                    protocol=PROTOCOL_VERSION,
                )
            )
            await announcer.start()
            stack.push_async_callback(announcer.close)
        hub.bus.publish(HubReady(port, http_port, hub.home.kind, hub.engine.info.name))
        yield hub


async def serve(
    settings: Settings,
    *,
    state_dir: Path,
    report_dir: Path | None,
    ready: Callable[[Hub], None] | None = None,
    progress: Progress = lambda _line: None,
) -> None:
    """Run a hub until SIGINT or SIGTERM.

    Raises:
        RoomtoneError: it cannot start; nothing is left behind.
    """
    bus = EventBus()
    hub = Hub(
        settings,
        state_dir=state_dir,
        report_dir=report_dir,
        bus=bus,
        home=make_home(settings),
        engine=make_engine(settings, state_dir, publish=bus.publish, progress=progress),
        hearing=make_hearing(settings, state_dir, now_ms=_now_ms),
    )
    stop = asyncio.Event()
    starting = asyncio.current_task()

    def interrupt() -> None:
        stop.set()
        if starting is not None and not up:
            starting.cancel()  # models load for seconds; nobody who pressed Ctrl-C waits for that

    up = False
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        async with running(hub, progress):
            up = True
            if ready is not None:
                ready(hub)
            await stop.wait()
            progress("stopping")
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
