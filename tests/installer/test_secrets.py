from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec

from k8s.installer.install import certificate, lake, objects, pods, secrets
from k8s.installer.install.options import Options
from k8s.installer.install.secrets import TLS, Store

LOGINS = ("data-platform", "warehouse-logins")
HOST = "postgres.data-platform.svc"


@pytest.fixture(scope="module")
def store() -> Store:
    return secrets.derive(secrets.complete({}), HOST, 5432)


def test_the_fernet_key_is_valid() -> None:
    key = secrets.fernet_key()
    assert Fernet(key).decrypt(Fernet(key).encrypt(b"x")) == b"x"


def test_two_passwords_differ_and_need_no_quoting() -> None:
    passwords = {secrets.password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(word.isalnum() and len(word) == 24 for word in passwords)


def test_every_name_of_the_server_is_in_its_certificate(store: Store) -> None:
    parsed = x509.load_pem_x509_certificate(store.values[TLS]["tls.crt"].encode())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) >= {HOST, "postgres", "localhost"}


def test_the_certificate_is_signed_by_the_authority_that_clients_get(store: Store) -> None:
    tls = store.values[TLS]
    authority = x509.load_pem_x509_certificate(tls["ca.crt"].encode())
    x509.load_pem_x509_certificate(tls["tls.crt"].encode()).verify_directly_issued_by(authority)


def test_what_the_server_reads_does_not_hold_the_key_of_the_authority(store: Store) -> None:
    tls = store.values[TLS]
    authority = x509.load_pem_x509_certificate(tls["ca.crt"].encode())
    key = x509.load_pem_x509_certificate(tls["tls.crt"].encode()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert authority.public_key() != key
    assert set(tls) == {"tls.crt", "tls.key", "ca.crt"}


@pytest.mark.parametrize(("days", "renewed"), [(certificate.LIFE.days - 61, False), (certificate.LIFE.days - 59, True)])
def test_a_certificate_is_renewed_sixty_days_before_its_end(days: int, renewed: bool) -> None:
    made = certificate.make(certificate.POSTGRES, datetime.now(UTC) - timedelta(days=days))
    assert certificate.needs_renewal(made["tls.crt"], certificate.POSTGRES) is renewed


def test_after_a_renewal_clients_trust_the_old_authority_for_a_while() -> None:
    old = certificate.make(certificate.POSTGRES)
    new = certificate.make(certificate.POSTGRES, old_authority=old["ca.crt"])
    third = certificate.make(certificate.POSTGRES, old_authority=new["ca.crt"])
    assert old["ca.crt"].strip() in new["ca.crt"]
    assert third["ca.crt"].count("BEGIN CERTIFICATE") == 2


def test_something_other_than_a_certificate_is_replaced() -> None:
    assert certificate.needs_renewal("nonsense", certificate.POSTGRES)


def test_everything_is_kept_the_second_time(store: Store) -> None:
    again = secrets.derive(secrets.complete(store.values), HOST, 5432)
    assert again.values == store.values
    assert again.made == ()


def test_a_deleted_secret_is_generated_again_and_derived_ones_follow(store: Store) -> None:
    kept = {name: values for name, values in store.values.items() if name != LOGINS}
    again = secrets.derive(secrets.complete(kept), HOST, 5432)
    assert again.made == ("warehouse-logins",)
    assert again.values[LOGINS] != store.values[LOGINS]
    assert again.values["etl", "warehouse"]["PGPASSWORD"] == again.values[LOGINS]["etl_loader"]
    assert again.values[LOGINS]["airflow"] in again.values["airflow", "airflow-metadata"]["connection"]


def test_a_password_that_a_person_chose_is_kept_and_missing_ones_are_generated() -> None:
    store = secrets.complete({LOGINS: {"analyst": "chosen"}})
    assert store.values[LOGINS]["analyst"] == "chosen"
    assert set(store.values[LOGINS]) == set(secrets.LOGINS)


def test_a_checksum_follows_its_own_secrets_only(store: Store) -> None:
    changed = Store({**store.values, LOGINS: {**store.values[LOGINS], "analyst": "another"}})
    assert changed.checksum(LOGINS) != store.checksum(LOGINS)
    assert changed.checksum(TLS) == store.checksum(TLS)


def test_a_store_shows_no_secret(store: Store) -> None:
    shown = f"{store!r} {store}"
    values = [value for name in secrets.GENERATED for value in store.values[name].values() if len(value) > 8]
    assert len(values) > 8
    assert not any(value in shown for value in values)


def test_a_password_with_special_characters_survives_in_the_connection_url() -> None:
    store = secrets.complete({LOGINS: {"airflow": "a/b@c:%"}})
    connection = secrets.derive(store, HOST, 5432).values["airflow", "airflow-metadata"]["connection"]
    assert "airflow:a%2Fb%40c%3A%25@postgres" in connection


def test_secrets_are_sent_to_the_cluster_as_text_with_labels(store: Store) -> None:
    made = secrets.manifest(store, "authority")
    by_name = {item["metadata"]["name"]: item for item in made if item["kind"] == "Secret"}
    assert by_name["warehouse-tls"]["type"] == "kubernetes.io/tls"
    assert all(objects.LABELS.items() <= item["metadata"]["labels"].items() for item in made)
    assert {item["metadata"]["namespace"] for item in made if item["kind"] == "ConfigMap"} == {
        "data-platform",
        "etl",
        "airflow",
        "monitoring",
    }


def test_an_object_store_has_keys_and_a_certificate_only_on_request(store: Store) -> None:
    asked = secrets.derive(secrets.complete(store.values, with_object_store=True), HOST, 5432)
    assert asked.made == ("object-store", "object-store-tls")
    assert asked.values["etl", "object-store"] == asked.values[secrets.KEYS]
    assert not any("object-store" in name for _, name in store.values)


def test_the_keys_of_an_object_store_are_kept_but_not_handed_out_while_it_is_off() -> None:
    existing = secrets.complete({}, with_object_store=True).values
    without = secrets.derive(secrets.complete(existing), HOST, 5432)
    assert without.made == ()
    assert not any("object-store" in name for _, name in without.values)
    assert secrets.complete(existing, with_object_store=True).values == existing


def test_pods_find_the_authority_of_the_object_store_at_the_path_in_the_url_of_the_lake() -> None:
    store = secrets.complete({}, with_object_store=True)
    [authority] = [item for item in secrets.manifest(store, "another") if item["metadata"]["name"] == "object-store-ca"]
    assert authority["metadata"]["namespace"] == "etl"
    certificates = store.values[secrets.STORE_TLS]
    assert authority["data"] == {"ca.crt": certificates["ca.crt"]}
    signed = x509.load_pem_x509_certificate(certificates["tls.crt"].encode())
    signed.verify_directly_issued_by(x509.load_pem_x509_certificate(certificates["ca.crt"].encode()))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(), lake.VOLUME),
        (Options(object_store=True), lake.OBJECT_STORE),
        (Options(lake_url="s3://lake/prefix?region=eu-central-1"), "s3://lake/prefix?region=eu-central-1"),
    ],
)
def test_the_settings_of_pods_name_the_lake(options: Options, expected: str) -> None:
    assert pods.settings(options)["data"]["ETL_LAKE__URL"] == expected


# Keys of APIs


def test_an_apis_key_is_taken_from_the_environment_and_kept_from_then_on() -> None:
    given = secrets.with_given({}, {"ETL_NASA__API_KEY": "one", "ETL_NASA__API_KEY_TWO": "no", "HOME": "/"})
    assert given == {secrets.API_KEYS: {"ETL_NASA__API_KEY": "one"}}
    store = secrets.derive(secrets.complete(given), HOST, 5432)
    assert store.values[secrets.API_KEYS] == {"ETL_NASA__API_KEY": "one"}
    assert secrets.API_KEYS[1] not in store.made
    assert secrets.with_given(store.values, {}) == store.values
    assert secrets.with_given(store.values, {"ETL_NASA__API_KEY": "two"})[secrets.API_KEYS] == {
        "ETL_NASA__API_KEY": "two"
    }


def test_without_a_key_there_is_no_secret_for_it() -> None:
    assert secrets.with_given({}, {"ETL_NASA__API_KEY": ""}) == {}
    assert secrets.API_KEYS not in secrets.complete({}).values
