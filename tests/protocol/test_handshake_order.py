from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.errors import (
    LinkTimeoutError,
    RoomtoneError,
)
from protocol.handshake import hub_accept
from protocol.link import Link
from protocol.messages import (
    Auth,
    Challenge,
    ErrorMessage,
    Goodbye,
    Hello,
    PairConfirm,
    PairStart,
    Stop,
)

DEVICE = "b" * 32


STEPS = st.sampled_from(
    [
        Hello(device_id=DEVICE, name="x", nonce="00" * 32),
        Hello(device_id=DEVICE, name="x", nonce="00"),
        Hello(device_id="0" * 32, name="x", nonce="11" * 32, protocol_min=7, protocol_max=8),
        Auth(proof="00" * 32),
        Auth(proof="0"),
        PairStart(device_id=DEVICE, name="x", element="41" + "22" * 32),
        PairStart(device_id=DEVICE, name="x", element="0"),
        PairConfirm(mac="00" * 32),
        PairConfirm(mac="0"),
        Stop(),
        Goodbye(),
        ErrorMessage(code="x"),
        Challenge(hub_id="a" * 32, protocol=1, nonce="0", proof="0"),
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=5))
def test_in_whatever_order_messages_come_nobody_without_the_key_gets_in(messages):
    async def story() -> None:
        link = Link()
        for number, message in enumerate(messages):
            link._waiting.append(message)
            assert number < 5
        link._end = LinkTimeoutError("nothing more comes")
        door = Memory()
        with pytest.raises(RoomtoneError):
            await hub_accept(link, door)
        assert not link.authenticated
        assert not door.kept

    asyncio.run(story())


class Memory:
    """A door with one known device and an open pairing window."""

    hub_id, hub_name, certificate_hash = "a" * 32, "Home", b"c" * 32

    def __init__(self) -> None:
        self.kept: list = []

    def device_key(self, device_id):
        return b"k" * 32 if device_id == DEVICE else None

    def welcome(self, device_id):
        raise AssertionError("nobody may be welcomed")

    def pairing_code(self):
        return "123456"

    def pairing_failed(self):
        pass

    def area_for_pairing(self, asked):
        return "a", "A"

    def pairing_done(self, *args):
        self.kept.append(args)
