from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from protocol.errors import SlowPeerError
from protocol.frames import Frame, FrameFlag, FrameType
from protocol.outbox import CONTROL_MAX, LIVE_FRAMES_MAX, PREROLL_FRAMES_MAX, Outbox


class OutboxMachine(RuleBasedStateMachine):
    """Whatever happens: control comes out whole and first, sound in order, the newest 200 ms of it."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.count = 0
        self.control: list[int] = []
        self.sound: dict[int, list[int]] = {1: [], 2: []}

    @rule()
    def control_comes(self) -> None:
        if len(self.control) == CONTROL_MAX:
            with pytest.raises(SlowPeerError):
                self.outbox.put_control(Frame(FrameType.CONTROL, b"{}"))
            return
        self.count += 1
        self.outbox.put_control(Frame(FrameType.CONTROL, b"{}", samples=self.count))
        self.control.append(self.count)

    @rule(stream=st.sampled_from([1, 2]), times=st.integers(1, 15))
    def sound_comes(self, stream: int, times: int) -> None:
        for _ in range(times):
            self.count += 1
            dropped = self.outbox.put_sound(Frame(FrameType.AUDIO, b"", stream=stream, samples=self.count))
            self.sound[stream].append(self.count)
            assert dropped == (len(self.sound[stream]) > LIVE_FRAMES_MAX)
            self.sound[stream] = self.sound[stream][-LIVE_FRAMES_MAX:]

    @rule()
    def the_peer_reads(self) -> None:
        frame = self.outbox.take()
        if self.control:
            assert frame is not None
            assert frame.samples == self.control.pop(0)
        elif any(self.sound.values()):
            assert frame is not None
            assert frame.samples == self.sound[frame.stream].pop(0)
        else:
            assert frame is None

    @invariant()
    def nothing_else_waits(self) -> None:
        assert self.outbox.frames == len(self.control) + sum(map(len, self.sound.values()))
        assert bool(self.outbox) == (self.outbox.frames > 0)


OutboxMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestOutbox = OutboxMachine.TestCase


def test_the_preroll_waits_beside_the_live_sound():
    outbox = Outbox()
    for index in range(PREROLL_FRAMES_MAX):
        assert outbox.put_sound(Frame(FrameType.AUDIO, b"", FrameFlag.PREROLL, stream=1, samples=index)) == 0
    for index in range(PREROLL_FRAMES_MAX, PREROLL_FRAMES_MAX + 30):
        outbox.put_sound(Frame(FrameType.AUDIO, b"", stream=1, samples=index))
    left = []
    while (frame := outbox.take()) is not None:
        left.append(frame.samples)
    assert left == [*range(100), *range(120, 130)]


def test_the_streams_take_turns():
    outbox = Outbox()
    for stream in (1, 2):
        for _ in range(3):
            outbox.put_sound(Frame(FrameType.AUDIO, b"", stream=stream))
    order = [frame.stream for frame in iter(outbox.take, None)]
    assert order == [1, 2, 1, 2, 1, 2]


def test_control_has_a_bound_in_bytes_too():
    outbox = Outbox()
    for _ in range(8):
        outbox.put_control(Frame(FrameType.CONTROL, bytes(60_000)))
    with pytest.raises(SlowPeerError):
        outbox.put_control(Frame(FrameType.CONTROL, bytes(60_000)))
