"""SPAKE2 over Ed25519, the hub's side, as `protocol/SPEC.md` section 6 writes it down and from nothing else."""

from __future__ import annotations

import hashlib
import secrets

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
# The two points of vectors/v1/pairing.json.
M = bytes.fromhex("15cfd18e385952982b6a8f8c7854963b58e34388c8e6dae891db756481a02312")
N = bytes.fromhex("f04f2e7eb734b2a8f8b472eaf9c3c632576ac64aea650b496a8a20ff00e583c3")
Point = tuple[int, int]
ZERO: Point = (0, 1)


class NotOnCurveError(ValueError):
    """Bytes that are no point of the group."""


def add(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    return (
        (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P,
    )


def times(scalar: int, point: Point) -> Point:
    product = ZERO
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point = add(point, point)
        scalar >>= 1
    return product


def negative(point: Point) -> Point:
    return -point[0] % P, point[1]


def encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point:
    number = int.from_bytes(data, "little")
    odd, y = number >> 255, number & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or x * x % P != square:
        raise NotOnCurveError(data.hex())
    return (P - x if x & 1 != odd else x), y


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def derive(secret: bytes, info: str, length: int = 32) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=info.encode()).derive(secret)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


class HubSide:
    """One exchange with one satellite.

    Attributes:
        element: the hub's 33 bytes.
    """

    def __init__(self, code: str, device_id: str, certificate_hash: bytes, scalar: int | None = None) -> None:
        self._password = code.encode("ascii")
        self._w = int.from_bytes(derive(self._password, "SPAKE2 pw", 48), "big") % ORDER
        self._y = int.from_bytes(secrets.token_bytes(64), "big") % ORDER if scalar is None else scalar
        self._id_a = f"roomtone satellite {device_id}".encode()
        self._id_b = f"roomtone hub {certificate_hash.hex()}".encode()
        self.element = b"B" + encode(add(times(self._y, BASE), times(self._w, decode(N))))

    def finish(self, element: bytes) -> tuple[bytes, bytes, bytes]:
        """The satellite's expected mac, the hub's own, and the device key."""
        x = decode(element[1:])
        if len(element) != 33 or element[:1] != b"A" or x == ZERO or times(ORDER, x) != ZERO:
            raise NotOnCurveError(element.hex())
        z = times(self._y, add(x, negative(times(self._w, decode(M)))))
        shared = sha256(
            sha256(self._password)
            + sha256(self._id_a)
            + sha256(self._id_b)
            + element[1:]
            + self.element[1:]
            + encode(z)
        )
        return (
            derive(shared, "roomtone 1 confirm satellite"),
            derive(shared, "roomtone 1 confirm hub"),
            derive(shared, "roomtone 1 device key"),
        )
