"""The certificates of servers inside the cluster, and the authorities that sign them.

k8s/certificate/renew.py runs beside a copy of this file, in an image that has nothing else of this repository.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=825)
LIFE_OF_AUTHORITY = timedelta(days=3650)
RENEW_BEFORE = timedelta(days=60)


def names(service: str, namespace: str) -> tuple[str, ...]:
    """The names by which clients reach a Service; `localhost` is for a port-forward."""
    host = f"{service}.{namespace}"
    return f"{host}.svc", f"{host}.svc.cluster.local", host, service, "localhost"


POSTGRES = names("postgres", "data-platform")
OBJECT_STORE = names("object-store", "object-store")


def authority(now: datetime | None = None) -> dict[str, str]:
    """A new authority: its certificate and its key."""
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"data-platform {now:%Y-%m-%d %H:%M:%S}")
    certificate = (
        _builder(name, name, key, now, LIFE_OF_AUTHORITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return {"ca.crt": _pem(certificate), "ca.key": _key_pem(key)}


def make(
    names: tuple[str, ...],
    now: datetime | None = None,
    old_authority: str = "",
    signed_by: dict[str, str] | None = None,
) -> dict[str, str]:
    """A new certificate for a server with these names, its key, and the authorities to trust.

    Those are the one that signs (without `signed_by` a new one, whose key is discarded) and, while clients change over,
    the old one.
    """
    now, signer = now or datetime.now(UTC), signed_by or authority(now)
    signing = x509.load_pem_x509_certificate(signer["ca.crt"].encode())
    signing_key = serialization.load_pem_private_key(signer["ca.key"].encode(), None)
    if not isinstance(signing_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is not one that `authority` made")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(names[0]), signing.subject, key, now, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    return {"tls.crt": _pem(certificate), "tls.key": _key_pem(key), "ca.crt": trusted(signer["ca.crt"], old_authority)}


def trusted(authority: str, old: str = "") -> str:
    """Both authorities, of several old ones the newest."""
    if authority.strip() in old:
        return old
    newest_old = old.partition("-----END CERTIFICATE-----")
    return authority + (f"{newest_old[0]}{newest_old[1]}\n" if newest_old[1] else "")


def can_sign(authority: dict[str, str], now: datetime | None = None) -> bool:
    """Whether it is there, and outlives what it signs."""
    ends = expires(authority.get("ca.crt", "")) if authority.get("ca.key") else None
    return ends is not None and ends - (now or datetime.now(UTC)) > LIFE + RENEW_BEFORE


def needs_renewal(certificate: str, names: tuple[str, ...], now: datetime | None = None) -> bool:
    """Whether it expires soon, or lacks one of these names."""
    try:
        parsed = x509.load_pem_x509_certificate(certificate.encode())
        has = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return True
    has_all = set(names) <= set(has.get_values_for_type(x509.DNSName))
    return not has_all or parsed.not_valid_after_utc - (now or datetime.now(UTC)) < RENEW_BEFORE


def expires(certificate: str) -> datetime | None:
    """When; None if it cannot be read."""
    try:
        return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
    except ValueError:
        return None


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks of nodes differ
        .not_valid_after(now + life)
    )


def _usage(*, key_cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
