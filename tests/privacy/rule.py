"""The privacy rule of `protocol/SPEC.md` section 8 over a recording of everything a satellite sent."""

from __future__ import annotations

from tests.privacy.spec_hub import AUDIO, CONTROL, LEVEL, PING, PONG, SPEECH, SpecHub

_FRAME = 480
_HOLD_FRAMES = 50
_LOGIN_MESSAGES = {"pair_start", "pair_confirm", "hello", "auth", "goodbye", "mute"}


def assert_only_scalars(hub: SpecHub, allowed: frozenset[str] = frozenset()) -> None:
    """No sound, no call, and LEVEL never faster than the rule lets it be."""
    assert not hub.faults
    assert {frame.type for frame in hub.frames} == {CONTROL, LEVEL, PING, PONG}
    assert not hub.of(AUDIO)
    assert {frame.message["type"] for frame in hub.of(CONTROL)} <= _LOGIN_MESSAGES | allowed
    assert all(frame.payload == b"" for frame in hub.of(PING))
    assert all(len(frame.payload) == 16 for frame in hub.of(PONG))
    last = floors = speech = -(10**9)
    for record in hub.records():
        speech = record.samples if record.flags & SPEECH else speech
        assert record.stride in (1, 4)
        assert record.samples - last >= record.stride * _FRAME
        if record.stride == 1:
            assert record.samples - speech <= _HOLD_FRAMES * _FRAME, "50 Hz without speech in the last second"
        last = record.samples
        if record.floors_db is not None:
            assert record.samples - floors >= 24_000, "floors more often than once a second"
            floors = record.samples
