"""The timers that ring in this room, hub or no hub: kept on disk, counted on a clock that only counts up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocol.messages import MAX_TIMERS, TimerId

_LOG: Final = logging.getLogger(__name__)

FILE: Final = "timers.json"
BEAT_S: Final = 1.6
LONGEST_S: Final = {"timer": 120.0, "reminder": 4.0}
"""How long each kind rings when nobody stops it; a reminder's words come from the hub."""
CHECKPOINT_S: Final = 60.0
"""How often the time left is written down; so much too late a timer may ring after a loss of power."""

Kind = Literal["timer", "reminder"]


class Pending(BaseModel):
    """One that will ring. `due_s` is on the clock of this boot, `left_s` what was left when it was written down."""

    model_config = ConfigDict(extra="ignore")

    kind: Kind
    due_s: float
    left_s: float


class _Kept(BaseModel):
    boot: str
    pending: dict[TimerId, Pending] = Field(max_length=MAX_TIMERS)
    rung: dict[TimerId, Literal["ringing", "stopped"]] = Field(max_length=MAX_TIMERS)


class Room(Protocol):
    """Where it rings."""

    def ring(self) -> None:
        """Sound the bell once, unless speech is playing."""

    def rang(self, timer_id: str, state: Literal["ringing", "stopped"]) -> None:
        """Tell the hub, if there is one."""


class Bell:
    """Keeps the timers of one room and rings them.

    Args:
        directory: the satellite's state directory.
        room: where it rings.
        now_s: seconds that only count up and go on through sleep, such as the kernel's boot-time clock.
        boot: names this start of the machine; after another one `now_s` means something else.
    """

    def __init__(self, directory: Path, room: Room, *, now_s: Callable[[], float], boot: str) -> None:
        self._path = directory / FILE
        self._room = room
        self._now_s = now_s
        self._boot = boot
        self._changed = asyncio.Event()
        self._pending: dict[str, Pending] = {}
        self._rung: dict[str, Literal["ringing", "stopped"]] = {}
        self._kinds: dict[str, Kind] = {}
        self._saved_s = now_s()
        self._load()

    @property
    def ringing(self) -> bool:
        """Whether it rings now."""
        return "ringing" in self._rung.values()

    def told(self) -> list[tuple[str, Literal["ringing", "stopped"]]]:
        """What the hub is to be told at login."""
        return list(self._rung.items())

    def set(self, timer_id: str, kind: Kind, remaining_s: float) -> None:
        """Ring after so long; one that has rung already does not ring again."""
        if timer_id in self._rung or (timer_id not in self._pending and len(self._pending) >= MAX_TIMERS):
            return
        self._pending[timer_id] = Pending(kind=kind, due_s=self._now_s() + remaining_s, left_s=remaining_s)
        self._save()

    def keep_only(self, timer_ids: tuple[str, ...]) -> None:
        """All others are void; one that rings stops."""
        self._pending = {one: pending for one, pending in self._pending.items() if one in timer_ids}
        self._rung = {one: state for one, state in self._rung.items() if one in timer_ids}
        self._save()

    def stop(self) -> bool:
        """A person is there; whether anything was ringing."""
        stopped = [one for one, state in self._rung.items() if state == "ringing"]
        for one in stopped:
            self._rung[one] = "stopped"
            self._room.rang(one, "stopped")
        if stopped:
            self._save()
        return bool(stopped)

    async def run(self) -> None:
        """Ring at each one's time, until cancelled."""
        since_s: float | None = None
        while True:
            self._changed.clear()
            now_s = self._now_s()
            self._begin_due(now_s)
            if not self.ringing:
                since_s = None
                await self._wait(now_s)
                continue
            since_s = now_s if since_s is None else since_s
            if now_s - since_s >= max(LONGEST_S[self._kinds.get(one, "timer")] for one in self._now_ringing()):
                self.stop()
                continue
            self._room.ring()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._changed.wait()

    def _now_ringing(self) -> list[str]:
        return [one for one, state in self._rung.items() if state == "ringing"]

    def _begin_due(self, now_s: float) -> None:
        due = [one for one, pending in self._pending.items() if pending.due_s <= now_s]
        for one in due:
            self._kinds[one] = self._pending.pop(one).kind
            self._rung[one] = "ringing"
            self._room.rang(one, "ringing")
        if due or (self._pending and now_s - self._saved_s >= CHECKPOINT_S):
            self._save()
            self._changed.clear()

    async def _wait(self, now_s: float) -> None:
        waits = [pending.due_s - now_s for pending in self._pending.values()]
        wait_s = min(*waits, CHECKPOINT_S) if waits else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._changed.wait()

    def _load(self) -> None:
        try:
            kept = _Kept.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValidationError) as error:
            # A room without timers is better than one without ears.
            _LOG.error("%s cannot be used (%s); timers set before are lost", self._path, type(error).__name__)
            return
        same = kept.boot == self._boot
        now_s = self._now_s()
        for one, pending in kept.pending.items():
            due_s = pending.due_s if same else now_s + pending.left_s
            self._pending[one] = Pending(kind=pending.kind, due_s=due_s, left_s=pending.left_s)
        # What was ringing when the program ended has called long enough.
        self._rung = dict.fromkeys(kept.rung, "stopped")

    def _save(self) -> None:
        now_s = self._saved_s = self._now_s()
        for pending in self._pending.values():
            pending.left_s = max(0.0, pending.due_s - now_s)
        # The hub asks for no more than these; without one, the oldest are the least worth knowing.
        self._rung = dict(list(self._rung.items())[-MAX_TIMERS:])
        kept = _Kept(boot=self._boot, pending=self._pending, rung=self._rung)
        part = self._path.with_name(f"{FILE}.{secrets.token_hex(4)}.part")
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(kept.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            _LOG.error("%s cannot be written (%s); timers hold for this run only", self._path, error.strerror)
            with contextlib.suppress(OSError):  # the disk that refused the file may refuse this too
                part.unlink(missing_ok=True)
        self._changed.set()


def boot_id() -> str:
    """Names this start of the machine; a name of its own each time where the kernel does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return secrets.token_hex(8)
