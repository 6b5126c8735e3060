from __future__ import annotations

import base64
import ssl
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import AuthenticationError, IdentityError, PairingError, WrongCodeError
from protocol.security import (
    Pairing,
    client_context,
    load_or_create_identity,
    new_code,
    new_device_id,
    new_token,
    normalise_code,
    session_proof,
    token_names_hub,
)

DEVICE = "0f" * 16


def exchange(code_satellite="123456", code_hub="123456", seen=b"c" * 32, true=b"c" * 32, device_hub=DEVICE):
    satellite = Pairing("satellite", code=code_satellite, device_id=DEVICE, certificate_hash=seen)
    hub = Pairing("hub", code=code_hub, device_id=device_hub, certificate_hash=true)
    return satellite.finish(hub.element()), hub.finish(satellite.element())


def test_the_identity_is_kept_and_private(tmp_path):
    first = load_or_create_identity(tmp_path / "state")
    again = load_or_create_identity(tmp_path / "state")
    assert first == again
    assert first.path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in first.path.parent.iterdir()] == ["identity.pem"]
    certificate = x509.load_pem_x509_certificate(first.path.read_bytes())
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days >= 30 * 365


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_damaged_identity_is_never_replaced(tmp_path, damage):
    path = load_or_create_identity(tmp_path).path
    path.write_bytes(damage)
    with pytest.raises(IdentityError):
        load_or_create_identity(tmp_path)
    assert path.read_bytes() == damage


def test_an_identity_that_cannot_be_written_is_a_typed_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(IdentityError):
        load_or_create_identity(tmp_path / "file" / "state")


def test_only_tls_1_3_is_spoken(identity):
    assert client_context().minimum_version == ssl.TLSVersion.TLSv1_3
    assert identity.server_context().minimum_version == ssl.TLSVersion.TLSv1_3


def test_the_same_code_and_certificate_give_the_same_keys():
    satellite, hub = exchange()
    assert (satellite.confirm_own, satellite.confirm_peer) == (hub.confirm_peer, hub.confirm_own)
    assert satellite.device_key == hub.device_key
    assert len({satellite.confirm_own, satellite.confirm_peer, satellite.device_key}) == 3
    assert exchange()[0].device_key != satellite.device_key


@pytest.mark.parametrize("difference", [{"code_hub": "123457"}, {"seen": b"d" * 32}, {"device_hub": "1f" * 16}])
def test_any_difference_gives_other_keys(difference):
    satellite, hub = exchange(**difference)
    assert satellite.confirm_peer != hub.confirm_own
    assert hub.confirm_peer != satellite.confirm_own
    assert satellite.device_key != hub.device_key


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40) | st.binary(min_size=32, max_size=32).map(lambda b: b"B" + b))
def test_a_hostile_element_is_a_typed_error_or_leads_nowhere(element):
    satellite = Pairing("satellite", code="123456", device_id=DEVICE, certificate_hash=b"c" * 32)
    try:
        keys = satellite.finish(element)
    except PairingError:
        return
    assert len(keys.device_key) == 32


def test_a_reflected_element_is_refused():
    satellite = Pairing("satellite", code="123456", device_id=DEVICE, certificate_hash=b"c" * 32)
    with pytest.raises(PairingError):
        satellite.finish(satellite.element())
    again = Pairing("satellite", code="123456", device_id=DEVICE, certificate_hash=b"c" * 32)
    with pytest.raises(PairingError):
        again.finish(b"B" + again.element()[1:])


def test_codes_and_tokens():
    assert all(len(code) == 6 and code.isdigit() for code in (new_code() for _ in range(50)))
    assert len({new_device_id() for _ in range(50)}) == 50
    token = new_token(b"\x01" * 32)
    assert len(token) == 32
    assert normalise_code(f" {token[:16].lower()}-{token[16:]} ") == token
    assert token_names_hub(token, b"\x01" * 32)
    assert not token_names_hub(token, b"\x02" * 32)
    assert token_names_hub("123 456", b"\x02" * 32)
    assert len(base64.b32decode(token)) == 20


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "१२३४५६", "A" * 31, "1" * 32])
def test_what_is_no_code_is_refused(text):
    with pytest.raises(WrongCodeError):
        normalise_code(text)


def test_a_proof_binds_key_role_nonces_and_certificate():
    base = (b"k" * 32, "satellite", b"1" * 32, b"2" * 32, b"3" * 32)
    proofs = {session_proof(*base)}
    for index, other in enumerate((b"x" * 32, "hub", b"x" * 32, b"x" * 32, b"x" * 32)):
        changed = list(base)
        changed[index] = other
        proofs.add(session_proof(*changed))
    assert len(proofs) == 6


@pytest.mark.parametrize("index", [0, 2, 3, 4])
def test_fields_of_a_proof_cannot_run_into_each_other(index):
    fields = [b"k" * 32, "hub", b"1" * 32, b"2" * 32, b"3" * 32]
    fields[index] = b"z" * 31
    with pytest.raises(AuthenticationError):
        session_proof(*fields)


def test_a_running_satellite_loads_neither_spake2_nor_cryptography_nor_zeroconf():
    code = (
        "import sys, protocol.link, protocol.handshake, protocol.discovery, protocol.measure, protocol.opus\n"
        "print([m for m in ('spake2', 'cryptography', 'zeroconf') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
