from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

import protocol
from protocol.errors import ERROR_BY_CODE, BadMessageError, ProtocolError
from protocol.frames import Frame, FrameDecoder, FrameType, encode
from protocol.limits import LinkLimits
from protocol.measure import (
    MeasureFlag,
    Measurement,
    Measurer,
    decode_levels,
    encode_levels,
)
from protocol.messages import _ADAPTER, decode_message, encode_message
from protocol.security import Pairing, session_proof

ROOT = Path(protocol.__file__).parent
SPEC = (ROOT / "SPEC.md").read_text(encoding="utf-8")


def load(name: str):
    return json.loads((ROOT / "vectors" / "v1" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", load("frames.json")["valid"], ids=lambda case: case["name"])
def test_frames(case):
    data = bytes.fromhex(case["hex"])
    frame = Frame(
        **{name: case[name] for name in Frame._fields if name != "payload"},
        payload=bytes.fromhex(case["payload"]),
    )
    assert encode(frame) == data
    assert list(FrameDecoder().feed(data)) == [frame]


@pytest.mark.parametrize("case", load("frames.json")["invalid"], ids=lambda case: case["name"])
def test_bad_frames(case):
    with pytest.raises(ProtocolError) as caught:
        list(FrameDecoder().feed(bytes.fromhex(case["hex"])))
    assert caught.value.code == case["code"]


@pytest.mark.parametrize(
    "case", load("messages.json")["valid"] + load("messages.json")["also_valid"], ids=lambda c: c["text"][:40]
)
def test_messages(case):
    message = decode_message(case["text"].encode())
    assert message.type == case["type"]
    assert decode_message(encode_message(message)) == message


def test_every_message_type_has_a_vector_and_a_row_in_the_spec():
    types = {choice["properties"]["type"]["const"] for choice in _ADAPTER.json_schema()["$defs"].values()}
    assert {case["type"] for case in load("messages.json")["valid"]} == types
    for kind in types:
        assert f"| `{kind}` |" in SPEC


def test_every_field_of_every_message_is_named_in_the_spec():
    for choice in _ADAPTER.json_schema()["$defs"].values():
        for field in choice["properties"]:
            assert f"`{field}`" in SPEC, field


@pytest.mark.parametrize("case", load("messages.json")["invalid"], ids=lambda case: case["text"][:40])
def test_bad_messages(case):
    with pytest.raises(ProtocolError) as caught:
        decode_message(case["text"].encode())
    assert caught.value.code == case["code"]


@pytest.mark.parametrize("case", load("measurements.json")["measurements"], ids=lambda case: case["hex"])
def test_measurements(case):
    fields = {name: value for name, value in case.items() if name != "hex"}
    fields |= {"bands_db": tuple(case["bands_db"]), "flags": MeasureFlag(case["flags"])}
    assert Measurement(**fields).pack().hex() == case["hex"]
    assert Measurement.unpack(bytes.fromhex(case["hex"])) == Measurement(**fields)


@pytest.mark.parametrize("case", load("measurements.json")["levels"], ids=lambda case: case["hex"][:20])
def test_levels(case):
    batch = decode_levels(bytes.fromhex(case["hex"]), case["flags"])
    assert batch.stride_frames == case["stride_frames"]
    assert (list(batch.floors_db) if batch.floors_db else None) == case["floors_db"]
    for record, told in zip(batch.records, case["records"], strict=True):
        for name, value in told.items():
            assert getattr(record, name) == pytest.approx(value)
    assert encode_levels(batch.records, batch.stride_frames, batch.floors_db).hex() == case["hex"]


@pytest.mark.parametrize("case", load("measurements.json")["bad_levels"], ids=lambda case: case["hex"] or "empty")
def test_bad_levels(case):
    with pytest.raises(BadMessageError):
        decode_levels(bytes.fromhex(case["hex"]), case["flags"])


def test_the_numbers_of_a_known_sound():
    case = load("measurements.json")["sound"]
    state, measurer = 12345, Measurer()
    for number, expected in enumerate(case["measurements_hex"]):
        samples = []
        for _ in range(480):
            state = (1103515245 * state + 12345) % 2**31
            samples.append((state >> 16) % 2001 - 1000)
        talking = number >= 20
        pcm = np.array(samples) * (1 + 8 * (number % 3) if talking else 1)
        flags = MeasureFlag.SPEECH if talking else MeasureFlag.NONE
        assert measurer.measure(pcm.astype(np.int16), vad=float(talking), flags=flags).pack().hex() == expected
    assert list(measurer.floors_db()) == case["floors_db"]
    assert measurer.record().pack().hex() == case["record_hex"]


def test_pairing_and_its_transcript():
    case = load("pairing.json")
    certificate = bytes.fromhex(case["certificate_hash"])
    sides = {}
    for role in ("satellite", "hub"):
        first = case[f"{role}_entropy_first_byte"]
        sides[role] = Pairing(
            role,
            code=case["code"],
            device_id=case["device_id"],
            certificate_hash=certificate,
            entropy=lambda count, first=first: bytes((first + n) % 256 for n in range(count)),
        )
        assert sides[role].element().hex() == case[f"{role}_element"]
    satellite = sides["satellite"].finish(sides["hub"].element())
    hub = sides["hub"].finish(sides["satellite"].element())
    assert satellite.confirm_own.hex() == hub.confirm_peer.hex() == case["confirm_satellite"]
    assert hub.confirm_own.hex() == satellite.confirm_peer.hex() == case["confirm_hub"]
    assert satellite.device_key.hex() == hub.device_key.hex() == case["device_key"]


# --- the exchange once more, from the text of SPEC.md section 6 alone: curve arithmetic without the package ---

Q = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q


def add(p, q):
    (x1, y1), (x2, y2) = p, q
    common = D * x1 * x2 * y1 * y2 % Q
    return (
        (x1 * y2 + x2 * y1) * pow(1 + common, -1, Q) % Q,
        (y1 * y2 + x1 * x2) * pow(1 - common, -1, Q) % Q,
    )


def times(scalar, point):
    total = (0, 1)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def x_of(y):
    square = (y * y - 1) * pow(D * y * y + 1, -1, Q) % Q
    x = pow(square, (Q + 3) // 8, Q)
    if (x * x - square) % Q:
        x = x * pow(2, (Q - 1) // 4, Q) % Q
    return min(x, Q - x) if min(x, Q - x) % 2 == 0 else max(x, Q - x), (x * x - square) % Q == 0


def to_bytes(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def from_bytes(data):
    number = int.from_bytes(data, "little")
    y, odd = number & (2**255 - 1), number >> 255
    x, _ = x_of(y)
    return (x if x % 2 == odd else Q - x), y


def hkdf(secret, info, count):
    import hmac

    key, out, block = hmac.digest(bytes(32), secret, "sha256"), b"", b""
    while len(out) < count:
        block = hmac.digest(key, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:count]


def fixed_point(seed):
    y = int.from_bytes(hkdf(seed, b"SPAKE2 arbitrary element", 48), "big") % Q
    while not x_of(y)[1]:
        y = (y + 1) % Q
    return times(8, (x_of(y)[0], y))


def test_the_spec_alone_is_enough_to_pair():
    case = load("pairing.json")
    base = (x_of(4 * pow(5, -1, Q) % Q)[0], 4 * pow(5, -1, Q) % Q)
    m, n = fixed_point(b"M"), fixed_point(b"N")
    assert (to_bytes(m).hex(), to_bytes(n).hex()) == (case["m"], case["n"])
    pw = case["code"].encode()
    w = int.from_bytes(hkdf(pw, b"SPAKE2 pw", 48), "big") % L
    assert w.to_bytes(32, "little").hex() == case["code_scalar"]

    def scalar(first):
        return int.from_bytes(bytes((first + i) % 256 for i in range(64)), "big") % L

    x, y = scalar(case["satellite_entropy_first_byte"]), scalar(case["hub_entropy_first_byte"])
    big_x, big_y = add(times(x, base), times(w, m)), add(times(y, base), times(w, n))
    assert (b"A" + to_bytes(big_x)).hex() == case["satellite_element"]
    assert (b"B" + to_bytes(big_y)).hex() == case["hub_element"]
    z = times(x, add(big_y, times(L - w, n)))
    assert z == times(y, add(big_x, times(L - w, m)))
    id_a = f"roomtone satellite {case['device_id']}".encode()
    id_b = f"roomtone hub {case['certificate_hash']}".encode()
    parts = [hashlib.sha256(part).digest() for part in (pw, id_a, id_b)]
    shared = hashlib.sha256(b"".join(parts) + b"".join(map(to_bytes, (big_x, big_y, z)))).digest()
    for label in ("confirm satellite", "confirm hub", "device key"):
        assert hkdf(shared, f"roomtone 1 {label}".encode(), 32).hex() == case[label.replace(" ", "_")]


@pytest.mark.parametrize("case", load("sessions.json")["cases"], ids=lambda case: case["device_key"][:8])
def test_sessions(case):
    fields = [bytes.fromhex(case[name]) for name in ("satellite_nonce", "hub_nonce", "certificate_hash")]
    key = bytes.fromhex(case["device_key"])
    assert session_proof(key, "hub", *fields).hex() == case["hub_proof"]
    assert session_proof(key, "satellite", *fields).hex() == case["satellite_proof"]


def test_every_code_stands_in_the_spec_with_its_retry():
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (yes|no) \|", SPEC, re.MULTILINE))
    assert rows == {code: "yes" if kind.retry else "no" for code, kind in ERROR_BY_CODE.items()}


def test_the_frame_types_and_limits_of_the_spec_are_those_of_the_code():
    for kind in FrameType:
        assert f"| {int(kind)} | {kind.name} |" in SPEC
    limits = LinkLimits()
    assert f"{limits.frames_per_s:.0f}/s, {limits.frames_burst:.0f} at once" in SPEC
    assert f"{limits.control_per_s:.0f}/s, {limits.control_burst:.0f} at once" in SPEC
    assert f"| silence | {limits.silence_s:.0f} s |" in SPEC
    assert f"pairing included | {limits.authentication_s:.0f} s |" in SPEC
