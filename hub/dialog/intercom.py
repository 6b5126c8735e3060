"""A call between two rooms: each hears the other, and no voice and no recogniser hears either of them.

The called room is told who calls before anything can be heard of it, with a chime; both lights are on for as long as
sound leaves the rooms. The call ends when nobody has spoken for a while, and whenever either room is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.guests import Guests
from hub.dialog.live_sound import LiveSound, Overlay
from hub.dialog.rendering import Rendering
from hub.dialog.speaking import Speech
from hub.events import EventBus, IntercomBegan, IntercomEnded
from hub.machine import Machine, StepCounts
from hub.rooms.port import Line
from protocol.messages import Playback

SILENCE_S: Final = 30.0
# A television is speech, too: a call that nobody ended does not last for ever.
LONGEST_S: Final = 1800.0


class CallState(Enum):
    """Where a call stands."""

    RINGING = "ringing"  # both rooms are told; neither is heard
    OPEN = "open"  # both hear each other
    CLOSED = "closed"


TRANSITIONS: Final[dict[CallState, frozenset[CallState]]] = {
    CallState.RINGING: frozenset({CallState.OPEN, CallState.CLOSED}),
    CallState.OPEN: frozenset({CallState.CLOSED}),
    CallState.CLOSED: frozenset(),
}


class End:
    """One room of a call; a `Guest`."""

    def __init__(self, line: Line, session: str, call: Intercom, generation: Callable[[], int]) -> None:
        self.line, self.session = line, session
        self.other: End
        self.sound: LiveSound | None = None
        self._call, self._generation = call, generation
        self._speech: Speech | None = None

    async def tell(self, rendering: Rendering) -> bool:
        """Tell the room about the call; whether its loudspeaker has played it to the end."""
        self._speech = Speech(self.line, self._generation(), now_ms=self._call.now_ms, kind="intercom")
        rendering.play_on(self._speech)
        return await asyncio.shield(self._speech.ended) == "finished" and rendering.fault is None

    def open(self) -> None:
        """From now on the room hears the other one."""
        self.sound = LiveSound(self.line, self._generation(), now_ms=self._call.now_ms)

    def silence(self) -> None:
        """Nothing of the call sounds here any more."""
        if self._speech is not None:
            self._speech.flush()
        if self.sound is not None:
            self.sound.end()

    def audio(self, pcm: NDArray[np.int16], samples: int, *, speech: bool) -> None:  # noqa: ARG002 (a guest is told)
        """20 ms of the room, for the other one."""
        if speech:
            self._call.spoken()
        if self.other.sound is not None:
            self.other.sound.push(pcm)

    def playback(self, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        if self._speech is not None and playback.generation == self._speech.generation:
            self._speech.acknowledge(playback, at_ms)
        if self.sound is not None:
            self.sound.playback(playback)

    def lay_over(self, overlay: Overlay) -> bool:
        """Let the house say something to this room over the call; False while it is not open."""
        if self.sound is None or self._call.state is not CallState.OPEN:
            return False
        self.sound.lay_over(overlay)
        return True

    def close_soon(self, reason: str) -> None:
        """End the call."""
        self._call.close(reason)


class Intercom:
    """One call.

    Args:
        call: its name.
        lines: the calling and the called room's satellite.
        guests: where both take their floor.
        generation: the next playback generation of a loudspeaker.
        now_ms: hub's monotonic milliseconds.
        bus: told when it begins and ends.
        counts: shared by all calls.

    Attributes:
        ended: done when it is over, with the reason.
    """

    def __init__(
        self,
        call: str,
        lines: tuple[Line, Line],
        guests: Guests,
        *,
        generation: Callable[[Line], int],
        now_ms: Callable[[], float],
        bus: EventBus,
        counts: StepCounts[CallState],
    ) -> None:
        self.call = call
        self.now_ms = now_ms
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._machine = Machine(f"call {call}", CallState.RINGING, TRANSITIONS, counts)
        self._guests, self._bus = guests, bus
        first, second = lines
        self.ends = (
            End(first, f"{call}-a", self, lambda: generation(first)),
            End(second, f"{call}-b", self, lambda: generation(second)),
        )
        self.ends[0].other, self.ends[1].other = self.ends[1], self.ends[0]
        self._timers: list[asyncio.TimerHandle] = []
        self._spoken_ms = 0.0

    @property
    def state(self) -> CallState:
        """Where it stands."""
        return self._machine.state

    @property
    def areas(self) -> tuple[str, str]:
        """The calling and the called area."""
        return self.ends[0].line.area_id, self.ends[1].line.area_id

    def enter(self, names: tuple[str, str]) -> None:
        """Take both floors, or neither.

        Args:
            names: of the rooms, as people call them.

        Raises:
            AreaBusyError: one of the rooms is busy.
        """
        for end, name in zip(self.ends, names, strict=True):
            try:
                self._guests.enter(end, name)
            except BaseException:
                self.close("area_busy")
                raise

    async def ring(self, renderings: tuple[Rendering, Rendering]) -> bool:
        """Tell both rooms, then open the call; False when it was over before."""
        told = await asyncio.gather(*(end.tell(one) for end, one in zip(self.ends, renderings, strict=True)))
        if self.state is not CallState.RINGING:
            return False
        if not all(told):
            self.close("cut")
            return False
        self._machine.transition(CallState.OPEN)
        for end in self.ends:
            self._guests.hear(end, "a call between rooms")
            end.open()
        self._bus.publish(IntercomBegan(self.call, self.areas))
        self._spoken_ms = self.now_ms()
        loop = asyncio.get_running_loop()
        self._timers = [loop.call_later(LONGEST_S, self.close, "too_long")]
        self._wait(SILENCE_S)
        return True

    def spoken(self) -> None:
        """Somebody in one of the rooms speaks."""
        self._spoken_ms = self.now_ms()

    def close(self, reason: str) -> None:
        """End it in both rooms, at once. Ending it twice does nothing."""
        was_open = self.state is CallState.OPEN
        if self.state is CallState.CLOSED or not self._machine.transition(CallState.CLOSED):
            return
        for timer in self._timers:
            timer.cancel()
        for end in self.ends:
            end.silence()
            self._guests.leave(end, reason)
        self.ended.set_result(reason)
        if was_open:
            self._bus.publish(IntercomEnded(self.call, self.areas, reason))

    def _wait(self, seconds: float) -> None:
        self._timers = [*self._timers[:1], asyncio.get_running_loop().call_later(seconds, self._quiet)]

    def _quiet(self) -> None:
        left_s = SILENCE_S - (self.now_ms() - self._spoken_ms) / 1000.0
        if left_s <= 0.0:
            self.close("silence")
        else:
            self._wait(left_s)
