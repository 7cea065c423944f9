"""The box's own certificate."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_server.appliance.addresses import LocalNames
from edge_server.whole_file import write_whole

# Browsers refuse certificates that are valid for longer than 398 days.
VALIDITY = timedelta(days=397)
RENEW_BEFORE_END = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The PEM files of a certificate and its private key."""

    certificate: Path
    private_key: Path


def certificate_files(folder: Path) -> CertificateFiles:
    """Where a certificate and its key are in `folder`, be they there or not."""
    return CertificateFiles(folder / "certificate.pem", folder / "private-key.pem")


def covered_names(names: LocalNames) -> tuple[str, ...]:
    """The names and addresses that a certificate can hold: host names only in ASCII."""
    return tuple(host for host in names.hostnames if host.isascii()) + names.addresses


def ensure_certificate(folder: Path, names: LocalNames, now: datetime) -> CertificateFiles:
    """A valid self-signed certificate in `folder`, renewed when the names changed or its end is near.

    The private key is kept over renewals. Raises `OSError` when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = certificate_files(folder)
    if certificate_problem(files, names, now) is not None:
        key = _load_or_create_key(files.private_key)
        pem = _self_signed(key, names, now).public_bytes(serialization.Encoding.PEM)
        write_whole(files.certificate, pem, 0o644)
    return files


def certificate_problem(files: CertificateFiles, names: LocalNames, now: datetime) -> str | None:
    """Why the certificate has to be renewed, as a sentence, or None when it is good."""
    if not files.certificate.exists() or not files.private_key.exists():
        return "There is no certificate yet."
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        key = serialization.load_pem_private_key(files.private_key.read_bytes(), password=None)
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return "The certificate or its key cannot be read."
    if key.public_key() != certificate.public_key():
        return "The certificate belongs to another key."
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE_END:
        return "The certificate is near its end."
    if not set(covered) >= set(_alternative_names(names)):
        return "The box has other addresses now."
    return None


def _alternative_names(names: LocalNames) -> list[x509.GeneralName]:
    hosts: list[x509.GeneralName] = [x509.DNSName(host) for host in names.hostnames if host.isascii()]
    return hosts + [x509.IPAddress(ipaddress.ip_address(address)) for address in names.addresses]


def _load_or_create_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError):
            key = None
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_whole(path, pem, 0o600)
    return key


def _self_signed(key: ec.EllipticCurvePrivateKey, names: LocalNames, now: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hushbox")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectAlternativeName(_alternative_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def utc_now() -> datetime:
    """The present time, with its zone."""
    return datetime.now(UTC)
