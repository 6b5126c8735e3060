"""One root for every error Roomtone raises on purpose.

A person reads the sentence, a program reads the code. Codes are part of the wire contract (`SPEC.md`): they
are stable once released, and the text beside them is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final


class RoomtoneError(Exception):
    """Something a user or a peer must know about.

    Attributes:
        code: stable identifier in snake_case, the same in logs, on the wire and in the API.
        retry: whether doing the same thing again later can succeed.
        sentence: what happened and what to do about it, for a person.
    """

    code: ClassVar[str] = "internal"
    retry: ClassVar[bool] = False

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class ProtocolError(RoomtoneError):
    """The peer broke the wire contract; the connection ends after this code is sent."""

    code = "protocol"


class BadMagicError(ProtocolError):
    """The bytes are no Roomtone frame: another protocol speaks on this port."""

    code = "bad_magic"


class UnsupportedVersionError(ProtocolError):
    """The peer's frame format or protocol range has nothing in common with ours."""

    code = "unsupported_version"


class FrameTooLargeError(ProtocolError):
    """A declared payload length is over the limit; nothing of it was read."""

    code = "frame_too_large"


class SequenceError(ProtocolError):
    """A frame came twice or out of order, which TLS over TCP rules out for an honest peer."""

    code = "bad_sequence"


class BadMessageError(ProtocolError):
    """A control message or a binary payload does not have the shape that its type demands."""

    code = "bad_message"


class UnknownMessageError(ProtocolError):
    """A control message of a type this side does not know; answered and ignored, never fatal."""

    code = "unknown_message"


class RateLimitedError(ProtocolError):
    """The peer sends faster than any honest peer can."""

    code = "rate_limited"
    retry = True


class LinkClosedError(RoomtoneError):
    """The connection ended: the peer left, the network broke or a deadline passed."""

    code = "link_closed"
    retry = True


class LinkTimeoutError(LinkClosedError):
    """The peer said nothing for too long."""

    code = "timeout"


class SlowPeerError(LinkClosedError):
    """The peer reads so slowly that even control messages pile up."""

    code = "slow_peer"


class CodecError(RoomtoneError):
    """An audio packet or a block of samples that is not what the codec was promised."""

    code = "bad_audio"


class PairingError(RoomtoneError):
    """Pairing was refused."""

    code = "pairing_refused"


class WrongCodeError(PairingError):
    """The code, or the certificate the other side sees, is not the same on both sides."""

    code = "wrong_code"
    retry = True


class PairingClosedError(PairingError):
    """Nobody opened a pairing window on the hub, or its time or tries are used up."""

    code = "pairing_closed"
    retry = True


class UnknownAreaError(PairingError):
    """The area asked for does not exist in the home, or is not the one the code was made for."""

    code = "unknown_area"


class AuthenticationError(RoomtoneError):
    """The peer could not prove that it holds the key of its pairing."""

    code = "not_authenticated"


class UnknownDeviceError(AuthenticationError):
    """The hub holds no key for this device: it was never paired, or it was revoked."""

    code = "unknown_device"


class WrongCertificateError(AuthenticationError):
    """The peer's certificate is not the pinned one: another hub, or somebody in between."""

    code = "wrong_certificate"


class IdentityError(RoomtoneError):
    """The certificate and key of this machine cannot be read, written or understood."""

    code = "bad_identity"


class PeerError(RoomtoneError):
    """The peer answered with a code that this version does not know.

    Attributes:
        peer_code: that code.
        peer_retry: what the peer says about trying again.
    """

    code = "peer_error"

    def __init__(self, sentence: str, peer_code: str = "", *, peer_retry: bool = False) -> None:
        super().__init__(sentence)
        self.peer_code = peer_code
        self.peer_retry = peer_retry


def _all_errors(root: type[RoomtoneError]) -> dict[str, type[RoomtoneError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _all_errors(child)
    return found


# Taken while only this module's classes exist: no code from the wire becomes an error of hub or satellite.
ERROR_BY_CODE: Final[Mapping[str, type[RoomtoneError]]] = _all_errors(RoomtoneError)


def error_from_wire(code: str, sentence: str, *, retry: bool) -> RoomtoneError:
    """The typed error for a code that the peer sent; `PeerError` for a code this version does not know."""
    known = ERROR_BY_CODE.get(code)
    if known is None or known in (RoomtoneError, PeerError):
        return PeerError(sentence or f"The other side answered “{code}”.", code, peer_retry=retry)
    return known(sentence or (known.__doc__ or code).partition("\n")[0])
