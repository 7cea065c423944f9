import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from edge_server.appliance.addresses import LocalNames, is_loopback, local_names
from edge_server.appliance.tls import VALIDITY, certificate_problem, ensure_certificate
from edge_server.transport.wsgi import tls_context

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = LocalNames(("box", "box.local", "localhost"), ("127.0.0.1", "192.168.1.20", "::1"))


def test_the_certificate_covers_every_name_and_address(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path / "tls", NAMES, NOW)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert covered.get_values_for_type(x509.DNSName) == list(NAMES.hostnames)
    assert [str(address) for address in covered.get_values_for_type(x509.IPAddress)] == list(NAMES.addresses)
    assert certificate.not_valid_after_utc == NOW + VALIDITY
    assert stat.S_IMODE(files.private_key.stat().st_mode) == 0o600


def test_a_good_certificate_is_kept(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, NAMES, NOW)
    before = files.certificate.read_bytes()
    ensure_certificate(tmp_path, NAMES, NOW + timedelta(days=300))
    assert files.certificate.read_bytes() == before


def test_it_is_renewed_near_its_end_with_the_same_key(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, NAMES, NOW)
    before, key = files.certificate.read_bytes(), files.private_key.read_bytes()
    later = NOW + timedelta(days=380)
    assert certificate_problem(files, NAMES, later) is not None
    ensure_certificate(tmp_path, NAMES, later)
    assert files.certificate.read_bytes() != before
    assert files.private_key.read_bytes() == key
    assert certificate_problem(files, NAMES, later) is None


def test_it_is_renewed_when_the_addresses_change(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, NAMES, NOW)
    moved = replace(NAMES, addresses=("10.0.0.7", "127.0.0.1", "::1"))
    assert certificate_problem(files, moved, NOW) is not None
    ensure_certificate(tmp_path, moved, NOW)
    assert certificate_problem(files, moved, NOW) is None


def test_damaged_files_are_replaced(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, NAMES, NOW)
    files.certificate.write_bytes(b"damaged")
    files.private_key.write_bytes(b"damaged")
    ensure_certificate(tmp_path, NAMES, NOW)
    assert certificate_problem(files, NAMES, NOW) is None


@pytest.mark.parametrize("key", [b"", b"damaged"])
def test_a_damaged_key_is_found_and_replaced(tmp_path: Path, key: bytes) -> None:
    files = ensure_certificate(tmp_path, NAMES, NOW)
    files.private_key.write_bytes(key)
    assert certificate_problem(files, NAMES, NOW) is not None
    ensure_certificate(tmp_path, NAMES, NOW)
    assert certificate_problem(files, NAMES, NOW) is None
    tls_context(files)


def test_a_certificate_of_another_key_is_found_and_replaced(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path / "one", NAMES, NOW)
    other = ensure_certificate(tmp_path / "other", NAMES, NOW)
    files.private_key.write_bytes(other.private_key.read_bytes())
    assert certificate_problem(files, NAMES, NOW) == "The certificate belongs to another key."
    ensure_certificate(tmp_path / "one", NAMES, NOW)
    tls_context(files)


def test_an_address_that_went_away_needs_no_new_certificate(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, NAMES, NOW)
    assert certificate_problem(files, replace(NAMES, addresses=("127.0.0.1",)), NOW) is None


def test_a_name_that_no_certificate_can_hold_is_left_out(tmp_path: Path) -> None:
    names = replace(NAMES, hostnames=("küche", "localhost"))
    files = ensure_certificate(tmp_path, names, NOW)
    assert certificate_problem(files, names, NOW) is None


@pytest.mark.parametrize(
    ("host", "loopback"), [("localhost", True), ("127.0.0.1", True), ("0.0.0.0", False), ("box.lan", False)]
)
def test_a_host_may_be_a_name_too(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_this_machine_has_names() -> None:
    names = local_names()
    assert "localhost" in names.hostnames
    assert "127.0.0.1" in names.addresses
