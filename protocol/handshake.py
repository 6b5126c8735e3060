"""The first messages of a link, both sides: login with a device key, and pairing by a code.

The order is the contract of `SPEC.md` sections 5 and 6. The satellite looks at the certificate before it says a
word, and the hub proves itself before the satellite does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from protocol.connection import Link
from protocol.errors import (
    AuthenticationError,
    BadMessageError,
    PairingClosedError,
    UnknownDeviceError,
    UnsupportedVersionError,
    WrongCertificateError,
    WrongCodeError,
    error_from_wire,
)
from protocol.messages import (
    PROTOCOL_MIN,
    PROTOCOL_VERSION,
    AnyMessage,
    Auth,
    Challenge,
    ErrorMessage,
    Goodbye,
    Hello,
    Message,
    PairConfirm,
    PairDone,
    PairReply,
    PairStart,
    Welcome,
)
from protocol.security import (
    HASH_BYTES,
    NONCE_BYTES,
    Pairing,
    equal,
    new_nonce,
    session_proof,
    token_names_hub,
)

ANSWER_TIMEOUT_S: Final = 5.0
_M = TypeVar("_M", bound=Message)


@dataclass(frozen=True, slots=True)
class PairedHub:
    """What a satellite keeps after pairing, mode 0600."""

    hub_id: str
    hub_name: str
    certificate_hash: bytes
    device_key: bytes
    area: str
    area_name: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Who came through the hub's door.

    Attributes:
        paired: True when this was a pairing; the satellite will close this link and log in on a new one.
        features: what it says it can do besides version 1's beginnings.
    """

    device_id: str
    name: str
    software: str
    protocol: int
    paired: bool
    features: frozenset[str] = frozenset()


class HubDoor(Protocol):
    """What a hub knows and keeps for the handshake."""

    @property
    def hub_id(self) -> str:
        """32 hexadecimal digits."""

    @property
    def hub_name(self) -> str:
        """For people."""

    @property
    def certificate_hash(self) -> bytes:
        """SHA-256 of the hub's certificate."""

    def device_key(self, device_id: str) -> bytes | None:
        """The key of a paired device; None for a stranger or a revoked one."""

    def welcome(self, device_id: str) -> Welcome:
        """What to tell a device that has proved itself."""

    def pairing_code(self) -> str | None:
        """The code of the open pairing window; None when none is open."""

    def pairing_failed(self) -> None:
        """Somebody tried a wrong code: counts one try."""

    def area_for_pairing(self, asked: str | None) -> tuple[str, str]:
        """Id and name of the area of this pairing.

        Raises:
            UnknownAreaError: the satellite asked for another one.
        """

    def pairing_done(self, device_id: str, name: str, device_key: bytes, area_id: str) -> None:
        """Keep the key safely; only when this returns the satellite is told."""


async def _expect(link: Link, kind: type[_M]) -> _M:
    message: AnyMessage = await link.receive(ANSWER_TIMEOUT_S)
    if isinstance(message, kind):
        return message
    if isinstance(message, ErrorMessage):
        raise error_from_wire(message.code, message.message, retry=message.retry)
    if isinstance(message, Goodbye):
        raise AuthenticationError("The other side said goodbye during the handshake.")
    raise BadMessageError(f"A “{message.type}” message came where “{kind.model_fields['type'].default}” was due.")


def _bytes(text: str, length: int) -> bytes:
    if len(text) != 2 * length:
        raise BadMessageError(f"A field of {length} bytes has {len(text)} hexadecimal digits.")
    return bytes.fromhex(text)


def _agree(low: int, high: int) -> int:
    version = min(high, PROTOCOL_VERSION)
    if version < max(low, PROTOCOL_MIN):
        raise UnsupportedVersionError(
            f"This hub speaks protocol {PROTOCOL_MIN} to {PROTOCOL_VERSION}, the satellite {low} to {high}; "
            "update the older one."
        )
    return version


def _check_version(version: int) -> None:
    if not PROTOCOL_MIN <= version <= PROTOCOL_VERSION:
        raise UnsupportedVersionError(f"The hub chose protocol {version}, which this satellite did not offer.")


def _hub_certificate(link: Link) -> bytes:
    if link.peer_certificate_hash is None:
        raise WrongCertificateError("The hub showed no certificate.")
    return link.peer_certificate_hash


async def satellite_login(
    link: Link,
    *,
    device_id: str,
    name: str,
    software: str,
    device_key: bytes,
    pinned_hash: bytes,
    features: tuple[str, ...] = (),
) -> Welcome:
    """Log a paired satellite in. On an error the caller closes the link.

    Raises:
        WrongCertificateError: this is not the hub that was paired; nothing was sent.
        AuthenticationError: the hub could not prove that it knows this device, or does not know it.
        RoomtoneError: any other code the hub answered, or the link's own end.
    """
    certificate = _hub_certificate(link)
    if not equal(certificate, pinned_hash):
        raise WrongCertificateError(
            "The hub's certificate is not the one this satellite was paired with. If the hub was set up anew, "
            "pair again; otherwise somebody else answers in its place."
        )
    nonce = new_nonce()
    link.send(Hello(device_id=device_id, name=name, software=software, nonce=nonce.hex(), features=features))
    challenge = await _expect(link, Challenge)
    _check_version(challenge.protocol)
    hub_nonce = _bytes(challenge.nonce, NONCE_BYTES)
    expected = session_proof(device_key, "hub", nonce, hub_nonce, certificate)
    if not equal(expected, _bytes(challenge.proof, HASH_BYTES)):
        raise AuthenticationError("The hub could not prove that it knows this satellite; pair it again.")
    link.send(Auth(proof=session_proof(device_key, "satellite", nonce, hub_nonce, certificate).hex()))
    welcome = await _expect(link, Welcome)
    link.authenticated = True
    return welcome


async def satellite_pair(
    link: Link, *, device_id: str, name: str, software: str, code: str, area: str | None
) -> PairedHub:
    """Pair by the hub's code, then close the link; log in on a new one. On an error the caller closes it.

    Raises:
        WrongCodeError: the code is wrong, or somebody sits in between.
        PairingError: the hub refused.
        WrongCertificateError: the token belongs to another hub; nothing was sent.
        RoomtoneError: any other code the hub answered, or the link's own end.
    """
    certificate = _hub_certificate(link)
    if not token_names_hub(code, certificate):
        raise WrongCertificateError("This token was made by another hub.")
    pairing = Pairing("satellite", code=code, device_id=device_id, certificate_hash=certificate)
    link.send(PairStart(device_id=device_id, name=name, software=software, area=area, element=pairing.element().hex()))
    reply = await _expect(link, PairReply)
    _check_version(reply.protocol)
    keys = pairing.finish(_hex(reply.element))
    link.send(PairConfirm(mac=keys.confirm_own.hex()))
    done = await _expect(link, PairDone)
    if not equal(keys.confirm_peer, _bytes(done.mac, HASH_BYTES)):
        raise WrongCodeError("The hub does not know the code it was to confirm; somebody may sit in between.")
    link.close("paired")
    return PairedHub(reply.hub_id, reply.hub_name, certificate, keys.device_key, done.area, done.area_name)


def _hex(text: str) -> bytes:
    if len(text) % 2:
        raise BadMessageError("A hexadecimal field has an odd number of digits.")
    return bytes.fromhex(text)


async def hub_accept(link: Link, hub: HubDoor) -> Accepted:
    """Let a satellite log in or pair. On an error the caller tells it by `link.fail`.

    Raises:
        RoomtoneError: the typed reason for which the satellite stays outside.
    """
    first = await link.receive(ANSWER_TIMEOUT_S)
    if isinstance(first, Hello):
        return await _accept_login(link, hub, first)
    if isinstance(first, PairStart):
        return await _accept_pairing(link, hub, first)
    raise BadMessageError(f"A “{first.type}” message came before the handshake.")


async def _accept_login(link: Link, hub: HubDoor, hello: Hello) -> Accepted:
    version = _agree(hello.protocol_min, hello.protocol_max)
    nonce = _bytes(hello.nonce, NONCE_BYTES)
    key = hub.device_key(hello.device_id)
    if key is None:
        raise UnknownDeviceError("This hub does not know this satellite (any more); pair it again.")
    own = new_nonce()
    proof = session_proof(key, "hub", nonce, own, hub.certificate_hash)
    link.send(Challenge(hub_id=hub.hub_id, protocol=version, nonce=own.hex(), proof=proof.hex()))
    auth = await _expect(link, Auth)
    expected = session_proof(key, "satellite", nonce, own, hub.certificate_hash)
    # Looked up again: the key may have been revoked while the satellite thought.
    if not equal(expected, _bytes(auth.proof, HASH_BYTES)) or hub.device_key(hello.device_id) != key:
        raise AuthenticationError("The satellite could not prove that it was paired with this hub.")
    link.authenticated = True
    link.send(hub.welcome(hello.device_id))
    return Accepted(
        hello.device_id, hello.name, hello.software, version, paired=False, features=frozenset(hello.features)
    )


async def _accept_pairing(link: Link, hub: HubDoor, start: PairStart) -> Accepted:
    version = _agree(start.protocol_min, start.protocol_max)
    code = hub.pairing_code()
    if code is None:
        raise PairingClosedError("No pairing is open. Ask the hub for a code first (“roomtone pair --area NAME”).")
    pairing = Pairing("hub", code=code, device_id=start.device_id, certificate_hash=hub.certificate_hash)
    keys = pairing.finish(_hex(start.element))
    link.send(PairReply(hub_id=hub.hub_id, hub_name=hub.hub_name, protocol=version, element=pairing.element().hex()))
    confirm = await _expect(link, PairConfirm)
    if not equal(keys.confirm_peer, _bytes(confirm.mac, HASH_BYTES)):
        hub.pairing_failed()
        raise WrongCodeError("The code is wrong, or it has changed; please check it and try again.")
    if hub.pairing_code() != code:
        raise PairingClosedError("The code was used up or ran out in the meantime; ask the hub for a new one.")
    area, area_name = hub.area_for_pairing(start.area)
    hub.pairing_done(start.device_id, start.name, keys.device_key, area)
    link.send(PairDone(mac=keys.confirm_own.hex(), area=area, area_name=area_name))
    return Accepted(start.device_id, start.name, start.software, version, paired=True)
