"""Who is who: the hub's certificate, pairing by a short code, and the proofs of every later connection.

Nothing here looks at dates, because a small computer without a clock believes in 1970. Trust is the SHA-256 of
the hub's certificate, bound into the pairing, and a key for each device that never crosses the wire.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from protocol.errors import AuthenticationError, IdentityError, PairingError, WrongCodeError

Role = Literal["satellite", "hub"]

NONCE_BYTES: Final = 32
DEVICE_KEY_BYTES: Final = 32
HASH_BYTES: Final = 32
CODE_DIGITS: Final = 6

_TOKEN_SECRET_BYTES: Final = 16
_TOKEN_HINT_BYTES: Final = 4
_IDENTITY_FILE: Final = "identity.pem"
_VALID_DAYS: Final = 30 * 365


@dataclass(frozen=True, slots=True)
class Identity:
    """The hub's self-signed certificate and its key, in one file, so that they can never be of two minds.

    Attributes:
        path: the PEM file, mode 0600.
        certificate_hash: SHA-256 of the DER certificate, 32 bytes; this is what satellites pin.
    """

    path: Path
    certificate_hash: bytes

    def server_context(self) -> ssl.SSLContext:
        """TLS 1.3 with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0  # nobody resumes here
        context.load_cert_chain(self.path)
        return context


def load_or_create_identity(directory: Path) -> Identity:
    """The identity kept in `directory`; the first call makes it (EC P-256, 30 years, mode 0600, atomically).

    Raises:
        IdentityError: the file cannot be read, written or understood. It is never replaced silently: every
            satellite would have to be paired again.
    """
    path = directory / _IDENTITY_FILE
    try:
        if not path.exists():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_private(path, _new_identity_pem())
        pem = path.read_text(encoding="ascii")
        der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE-----") :])
        identity = Identity(path, hashlib.sha256(der).digest())
        identity.server_context()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError, a bad encoding a ValueError
        raise IdentityError(
            f"The hub's identity in {path} cannot be used ({type(error).__name__}). Restore it from a backup, or "
            "delete it and pair every satellite again."
        ) from error
    return identity


def _new_identity_pem() -> bytes:
    # Imported here: a running satellite never makes a certificate, and this costs it 10 MB.
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Roomtone hub")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_VALID_DAYS))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _write_private(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def client_context() -> ssl.SSLContext:
    """TLS 1.3 towards a hub; no name, date or issuer is checked: the caller compares the pinned hash."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def new_device_id() -> str:
    """32 hexadecimal digits, unique without a registry."""
    return secrets.token_hex(16)


def new_nonce() -> bytes:
    """32 random bytes for one connection."""
    return secrets.token_bytes(NONCE_BYTES)


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def new_token(certificate_hash: bytes) -> str:
    """A code of 128 bits for unattended set-up: 32 base32 characters.

    The last 4 of its 20 bytes are the beginning of the certificate hash, so that a satellite recognises its hub
    before it tries.
    """
    return base64.b32encode(secrets.token_bytes(_TOKEN_SECRET_BYTES) + certificate_hash[:_TOKEN_HINT_BYTES]).decode(
        "ascii"
    )


def normalise_code(text: str) -> str:
    """What a person typed, without spaces and dashes, in capitals.

    Raises:
        WrongCodeError: neither six digits nor a token.
    """
    code = re.sub(r"[\s-]", "", text).upper()
    if not re.fullmatch(r"[0-9]{6}|[A-Z2-7]{32}", code, re.ASCII):
        raise WrongCodeError("A pairing code is six digits (or a token of 32 letters and digits); please check it.")
    return code


def token_names_hub(code: str, certificate_hash: bytes) -> bool:
    """Whether a code may belong to the hub with this certificate; a six-digit code may belong to any."""
    code = normalise_code(code)
    return (
        len(code) == CODE_DIGITS or base64.b32decode(code)[_TOKEN_SECRET_BYTES:] == certificate_hash[:_TOKEN_HINT_BYTES]
    )


@dataclass(frozen=True, slots=True)
class PairingKeys:
    """What both sides hold after the exchange; equal only if code, device and certificate were.

    Attributes:
        confirm_own: 32 bytes to send.
        confirm_peer: 32 bytes the peer must send.
        device_key: 32 bytes to keep.
    """

    confirm_own: bytes
    confirm_peer: bytes
    device_key: bytes


class Pairing:
    """One side of one SPAKE2 exchange; use it once."""

    def __init__(
        self,
        role: Role,
        *,
        code: str,
        device_id: str,
        certificate_hash: bytes,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Begin.

        Args:
            role: which side this is.
            code: six digits or a token, as typed.
            device_id: the satellite's.
            certificate_hash: of the hub's certificate **as this side sees it**, which defeats a man in the middle.
            entropy: source of random bytes; fixed only in test vectors.

        Raises:
            WrongCodeError: the code is neither six digits nor a token.
        """
        from spake2 import SPAKE2_A, SPAKE2_B

        side = SPAKE2_A if role == "satellite" else SPAKE2_B
        self._role = role
        self._exchange = side(
            normalise_code(code).encode("ascii"),
            idA=b"roomtone satellite " + device_id.encode("ascii"),
            idB=b"roomtone hub " + certificate_hash.hex().encode("ascii"),
            entropy_f=entropy,
        )
        self._element = cast("bytes", self._exchange.start())

    def element(self) -> bytes:
        """The 33 bytes for the peer: side byte and point."""
        return self._element

    def finish(self, peer_element: bytes) -> PairingKeys:
        """Derive the keys. That they are equal on both sides is known only after both confirmations.

        Raises:
            PairingError: the peer's element is no element of the other side.
        """
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        try:
            shared = cast("bytes", self._exchange.finish(peer_element))
        except Exception as error:
            raise PairingError("The other side's pairing message is malformed; please try again.") from error

        def derive(label: str) -> bytes:
            return HKDF(SHA256(), 32, salt=None, info=f"roomtone 1 {label}".encode("ascii")).derive(shared)

        satellite, hub = derive("confirm satellite"), derive("confirm hub")
        own, peer = (satellite, hub) if self._role == "satellite" else (hub, satellite)
        return PairingKeys(own, peer, derive("device key"))


def session_proof(
    device_key: bytes, role: Role, satellite_nonce: bytes, hub_nonce: bytes, certificate_hash: bytes
) -> bytes:
    """HMAC-SHA256 by which `role` proves the device key in this connection and to this certificate.

    Raises:
        AuthenticationError: a nonce, hash or key of the wrong length, which would let fields run together.
    """
    if (len(satellite_nonce), len(hub_nonce), len(certificate_hash)) != (
        NONCE_BYTES,
        NONCE_BYTES,
        HASH_BYTES,
    ):
        raise AuthenticationError("A nonce or certificate hash does not have 32 bytes.")
    if len(device_key) != DEVICE_KEY_BYTES:
        raise AuthenticationError("The device key does not have 32 bytes; pair the satellite again.")
    message = f"roomtone 1 session {role}".encode("ascii") + b"\0" + satellite_nonce + hub_nonce + certificate_hash
    return hmac.digest(device_key, message, "sha256")


def equal(left: bytes, right: bytes) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(left, right)
