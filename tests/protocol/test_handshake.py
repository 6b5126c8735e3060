from __future__ import annotations

import asyncio

import pytest

from protocol.errors import (
    ERROR_BY_CODE,
    AuthenticationError,
    BadMessageError,
    LinkTimeoutError,
    PairingClosedError,
    PairingError,
    PeerError,
    RoomtoneError,
    UnknownAreaError,
    UnknownDeviceError,
    UnsupportedVersionError,
    WrongCertificateError,
    WrongCodeError,
    error_from_wire,
)
from protocol.frames import Frame, FrameType
from protocol.handshake import Accepted, PairedHub, hub_accept, satellite_login, satellite_pair
from protocol.link import Link, connect
from protocol.messages import (
    Auth,
    Challenge,
    ErrorMessage,
    Goodbye,
    Hello,
    PairDone,
    PairReply,
    PairStart,
    Stop,
    Welcome,
    encode_message,
)
from protocol.security import Pairing, client_context, new_token

DEVICE = "b" * 32


class Hub:
    """A door behind a real port; keeps who came and what was refused."""

    def __init__(self, loopback, door) -> None:
        self.loopback, self.door = loopback, door
        self.accepted: list[Accepted] = []
        self.refused: list[RoomtoneError] = []
        self.server = None

    async def open(self, **options) -> Hub:
        self.server = await self.loopback.serve(self.greet, **options)
        return self

    async def greet(self, link: Link) -> None:
        try:
            self.accepted.append(await hub_accept(link, self.door))
        except RoomtoneError as error:
            self.refused.append(error)
            raise

    async def pair(self, code="123456", area=None, device_id=DEVICE) -> PairedHub:
        link = await self.loopback.connect(self.server)
        return await satellite_pair(link, device_id=device_id, name="Kitchen Pi", software="test", code=code, area=area)

    async def login(self, paired: PairedHub, device_id=DEVICE, **changes) -> Welcome:
        link = await self.loopback.connect(self.server)
        values = {"device_key": paired.device_key, "pinned_hash": paired.certificate_hash} | changes
        welcome = await satellite_login(link, device_id=device_id, name="Kitchen Pi", software="test", **values)
        assert link.authenticated
        return welcome


@pytest.fixture
async def hub(loopback, door) -> Hub:
    return await Hub(loopback, door).open()


async def test_pair_then_log_in(hub, door):
    paired = await hub.pair(code=" 123 456")
    assert (paired.hub_id, paired.hub_name) == (door.hub_id, "Home")
    assert (paired.area, paired.area_name) == ("kitchen", "Kitchen")
    assert door.keys == {DEVICE: paired.device_key}
    assert door.kept == [("Kitchen Pi", "kitchen")]
    assert (await hub.login(paired)).volume == 0.5
    assert [(a.device_id, a.paired) for a in hub.accepted] == [(DEVICE, True), (DEVICE, False)]


async def test_the_key_is_kept_before_the_satellite_is_told(loopback, door):
    def cannot(*args):
        raise PairingError("The disk is full.")

    door.pairing_done = cannot
    hub = await Hub(loopback, door).open()
    with pytest.raises(PairingError, match="disk"):
        await hub.pair()


async def test_a_token_pairs_too_and_only_with_its_hub(hub, door, other_identity):
    door.code = new_token(door.certificate_hash)
    with pytest.raises(WrongCertificateError):
        await hub.pair(code=new_token(other_identity.certificate_hash))
    assert (await hub.pair(code=door.code.lower())).device_key == door.keys[DEVICE]


async def test_a_wrong_code_costs_a_try_and_five_close_the_window(hub, door):
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongCodeError):
            await hub.pair(code="654321")
        assert door.tries == left
    with pytest.raises(PairingClosedError):
        await hub.pair()
    assert not door.keys


async def test_tries_at_the_same_time_count_each(hub, door):
    answers = await asyncio.gather(*(hub.pair(code=f"00000{n}") for n in range(5)), return_exceptions=True)
    assert {type(answer) for answer in answers} <= {WrongCodeError, PairingClosedError}
    assert door.tries == 0


async def test_no_window_no_pairing(hub, door):
    door.code = None
    with pytest.raises(PairingClosedError):
        await hub.pair()


async def test_an_area_that_is_not_there_is_refused_by_name(hub, door):
    with pytest.raises(UnknownAreaError, match="nearest is Kitchen"):
        await hub.pair(area="Kitschen")
    assert not door.keys
    assert (await hub.pair(area="Kitchen")).area == "kitchen"


async def test_a_revoked_and_an_unknown_device_stay_outside(hub, door):
    paired = await hub.pair()
    door.keys.clear()
    with pytest.raises(UnknownDeviceError):
        await hub.login(paired)
    assert type(hub.refused[-1]) is UnknownDeviceError


async def test_a_key_revoked_during_the_login_is_refused(hub, door, monkeypatch):
    paired = await hub.pair()
    answers = [paired.device_key, None]
    monkeypatch.setattr(door, "device_key", lambda device_id: answers.pop(0))
    with pytest.raises(AuthenticationError):
        await hub.login(paired)


async def test_a_satellite_with_another_key_sees_that_the_hub_does_not_know_it(hub, door):
    paired = await hub.pair()
    with pytest.raises(AuthenticationError):
        await hub.login(paired, device_key=bytes(32))
    assert len(hub.accepted) == 1


async def test_a_stranger_without_the_key_fails_at_the_proof(hub, door, loopback):
    await hub.pair()
    link = await loopback.connect(hub.server)
    link.send(Hello(device_id=DEVICE, name="x", nonce="00" * 32))
    assert isinstance(await link.receive(5), Challenge)
    link.send(Auth(proof="00" * 32))
    answer = await link.receive(5)
    assert isinstance(answer, ErrorMessage)
    assert answer.code == "not_authenticated"
    assert not link.authenticated


async def test_a_swapped_certificate_is_refused_before_a_word_is_said(loopback, door, other_identity, hub):
    paired = await hub.pair()
    other = await Hub(loopback, door).open(identity=other_identity)
    with pytest.raises(WrongCertificateError):
        await other.login(paired)
    loopback.links[-1].close()
    await asyncio.sleep(0.05)
    assert not other.accepted


async def relay(loopback, upstream: Link, identity):
    """Somebody in between with a certificate of his own, passing every message on."""

    async def pass_on(downstream: Link) -> None:
        async def copy(source: Link, target: Link) -> None:
            while True:
                target.send(await source.receive(5))

        with_tasks = [
            asyncio.create_task(copy(downstream, upstream)),
            asyncio.create_task(copy(upstream, downstream)),
        ]
        try:
            await asyncio.gather(*with_tasks)
        finally:
            for task in with_tasks:
                task.cancel()

    return await loopback.serve(pass_on, identity=identity)


async def test_a_man_in_the_middle_gets_no_key_even_while_the_code_is_typed(loopback, door, hub, other_identity):
    upstream = await loopback.connect(hub.server)
    middle = await relay(loopback, upstream, other_identity)
    link = await loopback.connect(middle)
    with pytest.raises(WrongCodeError):
        await satellite_pair(link, device_id=DEVICE, name="x", software="", code="123456", area=None)
    assert not door.keys
    assert door.tries == 4


async def test_a_recorded_login_cannot_be_played_again(hub, door, loopback):
    paired = await hub.pair()
    sent: list = []
    link = await loopback.connect(hub.server)
    plain_send = link.send
    link.send = lambda message: (sent.append(message), plain_send(message))
    await satellite_login(
        link,
        device_id=DEVICE,
        name="x",
        software="",
        device_key=paired.device_key,
        pinned_hash=paired.certificate_hash,
    )
    again = await loopback.connect(hub.server)
    again.send(sent[0])
    assert isinstance(await again.receive(5), Challenge)
    again.send(sent[1])
    assert (await again.receive(5)).code == "not_authenticated"


@pytest.mark.parametrize(("low", "high"), [(2, 3), (900, 1000)])
async def test_versions_with_nothing_in_common_are_refused(hub, loopback, low, high):
    link = await loopback.connect(hub.server)
    link.send(Hello(device_id=DEVICE, name="x", nonce="00" * 32, protocol_min=low, protocol_max=high))
    assert (await link.receive(5)).code == "unsupported_version"
    assert type(hub.refused[0]) is UnsupportedVersionError


async def test_a_newer_satellite_that_still_speaks_ours_is_welcome(hub, loopback, door):
    door.keys[DEVICE] = bytes(32)
    link = await loopback.connect(hub.server)
    link.send(Hello(device_id=DEVICE, name="x", nonce="00" * 32, protocol_min=1, protocol_max=2))
    challenge = await link.receive(5)
    assert isinstance(challenge, Challenge)
    assert challenge.protocol == 1


@pytest.mark.parametrize("first", [Stop(), Auth(proof="00"), Welcome(hub_name="x", area="x", area_name="x")])
async def test_anything_else_first_is_refused(hub, loopback, first):
    link = await loopback.connect(hub.server)
    link.send(first)
    assert (await link.receive(5)).code == "bad_message"


@pytest.mark.parametrize("element", ["00", "0", "41" * 33, "42" + "00" * 32, "ff" * 64])
async def test_a_malformed_element_is_refused_and_counts_no_try(hub, loopback, door, element):
    link = await loopback.connect(hub.server)
    link.send(PairStart(device_id=DEVICE, name="x", element=element))
    assert (await link.receive(5)).code in {"pairing_refused", "bad_message"}
    assert door.tries == 5


async def hub_that_says(loopback, *answers):
    async def greet(link: Link) -> None:
        for answer in answers:
            await link.receive(5)
            link.send(answer)

    return await loopback.connect(await loopback.serve(greet))


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([Challenge(hub_id="a" * 32, protocol=1, nonce="00" * 32, proof="00" * 32)], AuthenticationError),
        ([Challenge(hub_id="a" * 32, protocol=1, nonce="00" * 32, proof="00")], BadMessageError),
        ([Challenge(hub_id="a" * 32, protocol=9, nonce="00" * 32, proof="00" * 32)], UnsupportedVersionError),
        ([Welcome(hub_name="x", area="x", area_name="x")], BadMessageError),
        ([Goodbye(reason="no")], AuthenticationError),
        ([ErrorMessage(code="pairing_closed", message="Not now.", retry=True)], PairingClosedError),
        ([ErrorMessage(code="from_the_future", message="?", retry=True)], PeerError),
    ],
)
async def test_a_false_hub_gets_no_proof(loopback, identity, answers, error):
    link = await hub_that_says(loopback, *answers)
    with pytest.raises(error):
        await satellite_login(
            link,
            device_id=DEVICE,
            name="x",
            software="",
            device_key=bytes(32),
            pinned_hash=identity.certificate_hash,
        )
    assert link.stats.frames_out <= 6  # hello, pings and pongs; never Auth


async def test_a_hub_that_cannot_confirm_the_code_gets_no_satellite(loopback, identity):
    element = Pairing("hub", code="111111", device_id=DEVICE, certificate_hash=identity.certificate_hash).element()
    reply = PairReply(hub_id="a" * 32, hub_name="x", protocol=1, element=element.hex())
    link = await hub_that_says(loopback, reply, PairDone(mac="00" * 32, area="a", area_name="a"))
    with pytest.raises(WrongCodeError):
        await satellite_pair(link, device_id=DEVICE, name="x", software="", code="123456", area=None)


async def test_a_silent_hub_is_a_timeout(loopback, identity, monkeypatch):
    monkeypatch.setattr("protocol.handshake.ANSWER_TIMEOUT_S", 0.05)
    link = await loopback.connect(await loopback.serve(lambda link: asyncio.sleep(0)))
    with pytest.raises(LinkTimeoutError):
        await satellite_login(
            link,
            device_id=DEVICE,
            name="x",
            software="",
            device_key=bytes(32),
            pinned_hash=identity.certificate_hash,
        )


def test_every_code_of_the_wire_has_its_class_and_the_future_has_one_too():
    for code, kind in ERROR_BY_CODE.items():
        error = error_from_wire(code, "", retry=True)
        assert error.sentence
        assert type(error) is (PeerError if code in {"internal", "peer_error"} else kind)
    unknown = error_from_wire("brand_new", "", retry=True)
    assert isinstance(unknown, PeerError)
    assert (unknown.peer_code, unknown.peer_retry) == ("brand_new", True)


async def test_audio_before_the_handshake_is_not_taken_for_an_answer(hub, loopback):
    link = await loopback.connect(hub.server)
    link.send_frame(Frame(FrameType.AUDIO, b"x", stream=1))
    link.send(Stop())
    assert (await link.receive(5)).code == "bad_message"
    assert encode_message(Stop()) == b'{"type":"stop"}'
    assert client_context().check_hostname is False
    with pytest.raises(RoomtoneError):
        await connect("127.0.0.1", 1, ssl=client_context(), timeout_s=1)
