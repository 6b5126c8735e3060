"""A listening hub written from `protocol/SPEC.md` alone: it shares no line with the product and keeps all that comes.

Strict where the contract says "must": whatever a satellite does against it stands in `faults`.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import hmac
import json
import secrets
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.privacy.spec_spake2 import HubSide, NotOnCurveError

T = TypeVar("T")
HEADER = struct.Struct(">2sBBBBHIQQI")
CONTROL, AUDIO, LEVEL, PING, PONG = range(1, 6)
STREAMS = {CONTROL: 0, AUDIO: 1, LEVEL: 2, PING: 0, PONG: 0}
FLOORS = 1
CLIPPED, PLAYING, MUTED, SPEECH = 1, 2, 4, 8
FRAMES_KEPT_MAX = 500_000


class Wire(NamedTuple):
    """One frame, and when it came."""

    type: int
    flags: int
    stream: int
    sequence: int
    samples: int
    time_us: int
    payload: bytes
    arrived_s: float

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.payload)


class Level(NamedTuple):
    """One record of section 7, and the capture position of its frame."""

    samples: int
    stride: int
    level_db: float
    vad: float
    snr_db: float
    variance: float
    hf_db: float
    flags: int
    floors_db: tuple[float, ...] | None


class BrokenContractError(Exception):
    """The satellite did what the contract forbids."""


def levels(frame: Wire) -> list[Level]:
    """Read a LEVEL payload, or say what is wrong with it."""
    data, floors = frame.payload, 10 * (frame.flags & FLOORS)
    if len(data) < 2 or len(data) != 2 + 6 * data[1] + floors or not (1 <= data[0] <= 50 and 1 <= data[1] <= 50):
        raise BrokenContractError(f"LEVEL payload {data.hex()}")
    stride, count = data[0], data[1]
    shape = tuple(-b / 2 for b in data[2 + 6 * count :]) if floors else None
    found = []
    for i in range(count):
        level, vad, snr, variance, hf, flags = data[2 + 6 * i : 8 + 6 * i]
        found.append(
            Level(
                frame.samples + i * stride * 480, stride, -level / 2, vad / 255, -10 + snr * 0.2, -10 + variance * 0.05,
                -40 + hf * 0.25, flags, shape if i == 0 else None,
            )
        )  # fmt: skip
    return found


class SpecHub:
    """Accepts satellites on loopback.

    Attributes:
        raw: every byte that came out of TLS, all connections after each other.
        frames: the same as frames.
        faults: what broke the contract.
        code: the six digits of the open pairing window, None when none is open.
        keys: the device keys by device id.
    """

    def __init__(self, folder: Path, area: tuple[str, str] = ("kitchen", "Kitchen")) -> None:
        self.raw = bytearray()
        self.frames: list[Wire] = []
        self.faults: list[str] = []
        self.code: str | None = None
        self.keys: dict[str, bytes] = {}
        self.online = asyncio.Event()
        self._area, self._area_name = area
        self._hub_id = secrets.token_hex(16)
        self._pinged: set[int] = set()
        self._expected: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._context = self._make_context(folder)

    def _make_context(self, folder: Path) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a listening hub")])
        begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(begin)
            .not_valid_after(begin + dt.timedelta(days=365 * 30)).sign(key, hashes.SHA256())
        )  # fmt: skip
        der = certificate.public_bytes(serialization.Encoding.DER)
        self.certificate_hash = hashlib.sha256(der).digest()
        path = folder / "listening_hub.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(path)
        return context

    # --- its life ---

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, **message: Any) -> None:
        """Send a control message to the satellite that is online."""
        assert self._writer is not None
        self._control(self._writer, message)

    async def until(self, condition: Callable[[], T], timeout_s: float = 15.0) -> T:
        async with asyncio.timeout(timeout_s):
            while not (value := condition()):
                await asyncio.sleep(0.02)
        return value

    # --- what it heard ---

    def of(self, kind: int) -> list[Wire]:
        return [frame for frame in self.frames if frame.type == kind]

    def messages(self, kind: str) -> list[dict[str, Any]]:
        return [message for frame in self.of(CONTROL) if (message := frame.message)["type"] == kind]

    def records(self) -> list[Level]:
        return [record for frame in self.of(LEVEL) for record in levels(frame)]

    # --- the connection ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._expected, self._numbers = {}, {}
        pinger: asyncio.Task[None] | None = None
        try:
            first = await self._message(reader, writer)
            if first["type"] == "pair_start":
                await self._pair(first, reader, writer)
                return
            await self._login(first, reader, writer)
            self._writer = writer
            self.online.set()
            pinger = asyncio.ensure_future(self._ping(writer))
            while True:
                await self._frame(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the satellite went; that is its right
        except (BrokenContractError, NotOnCurveError, KeyError, ValueError) as error:
            self.faults.append(f"{type(error).__name__}: {error}")
        finally:
            self.online.clear()
            self._tasks.discard(task)
            if pinger is not None:
                pinger.cancel()
            writer.close()
            with contextlib.suppress(OSError):  # it closed first
                await writer.wait_closed()

    async def _frame(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Wire:
        head = await reader.readexactly(HEADER.size)
        magic, layout, kind, flags, stream, _, sequence, samples, time_us, length = HEADER.unpack(head)
        if (magic, layout) != (b"RT", 1) or length > 65_536:
            raise BrokenContractError(f"header {head.hex()}")
        payload = await reader.readexactly(length)
        self.raw += head + payload
        frame = Wire(kind, flags, stream, sequence, samples, time_us, payload, time.monotonic())
        if len(self.frames) >= FRAMES_KEPT_MAX:
            raise BrokenContractError("more frames than a test should see")
        self.frames.append(frame)
        if STREAMS.get(kind) != stream:
            raise BrokenContractError(f"type {kind} on stream {stream}")
        gap = sequence - self._expected.get(stream, 0)
        if gap < 0 or (gap and stream == 0):
            raise BrokenContractError(f"sequence {sequence} on stream {stream}")
        self._expected[stream] = sequence + 1
        if kind == LEVEL:
            levels(frame)
        elif kind == PING:
            now = time.monotonic_ns() // 1000
            self._write(writer, PONG, struct.pack(">QQ", time_us, now))
        elif kind == PONG:
            sent_us, _ = struct.unpack(">QQ", payload)
            if sent_us not in self._pinged:
                raise BrokenContractError("a PONG that answers no PING")
            self._pinged.discard(sent_us)
        return frame

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                frame = await self._frame(reader, writer)
                if frame.type == CONTROL:
                    return frame.message

    def _write(self, writer: asyncio.StreamWriter, kind: int, payload: bytes) -> int:
        now_us = time.monotonic_ns() // 1000
        number = self._numbers.get(0, 0)
        self._numbers[0] = number + 1
        writer.write(HEADER.pack(b"RT", 1, kind, 0, 0, 0, number, 0, now_us, len(payload)) + payload)
        return now_us

    def _control(self, writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        self._write(writer, CONTROL, json.dumps(message).encode())

    async def _ping(self, writer: asyncio.StreamWriter) -> None:
        quick = 4
        while True:
            self._pinged.add(self._write(writer, PING, b""))
            quick -= 1
            await asyncio.sleep(0.25 if quick > 0 else 2.0)

    async def _login(self, hello: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if hello["type"] != "hello" or not hello["protocol_min"] <= 1 <= hello["protocol_max"]:
            raise BrokenContractError(f"{hello['type']} came first")
        key, own = self.keys[hello["device_id"]], secrets.token_bytes(32)
        nonces = bytes.fromhex(hello["nonce"]) + own

        def proof(role: str) -> str:
            text = f"roomtone 1 session {role}".encode() + b"\0" + nonces + self.certificate_hash
            return hmac.new(key, text, "sha256").hexdigest()

        challenge = {"type": "challenge", "hub_id": self._hub_id, "protocol": 1, "nonce": own.hex()}
        self._control(writer, {**challenge, "proof": proof("hub")})
        auth = await self._message(reader, writer)
        if auth["type"] != "auth" or not hmac.compare_digest(auth["proof"], proof("satellite")):
            raise BrokenContractError("no proof")
        self._control(
            writer,
            {"type": "welcome", "hub_name": "listener", "area": self._area, "area_name": self._area_name},
        )

    async def _pair(self, start: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.code is None:
            raise BrokenContractError("nobody opened a pairing window")
        side = HubSide(self.code, start["device_id"], self.certificate_hash)
        expected, own, key = side.finish(bytes.fromhex(start["element"]))
        reply = {"type": "pair_reply", "hub_id": self._hub_id, "hub_name": "listener", "protocol": 1}
        self._control(writer, {**reply, "element": side.element.hex()})
        confirm = await self._message(reader, writer)
        if confirm["type"] != "pair_confirm" or not hmac.compare_digest(confirm["mac"], expected.hex()):
            self._control(writer, {"type": "error", "code": "wrong_code", "retry": True})
            return
        self.keys[start["device_id"]] = key
        self._control(writer, {"type": "pair_done", "mac": own.hex(), "area": self._area, "area_name": self._area_name})
        await self._message(reader, writer)
