"""Secrets: generated once, kept from then on, never printed; others are derived from them.

If you delete a generated one, the next `make up` generates another and updates everything that uses it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from k8s.installer import paths
from k8s.installer.cluster.kubectl import (
    AIRFLOW,
    DATA_PLATFORM,
    ENRICHMENT,
    ETL,
    MONITORING,
    OBJECT_STORE,
    Cluster,
    Object,
    decoded,
    key,
)
from k8s.installer.install import certificate, cnpg, lake, objects

Name = tuple[str, str]  # namespace and name
Values = dict[Name, dict[str, str]]
Generators = Mapping[Name, Mapping[str, Callable[[], str]]]

LOGINS = ("etl_loader", "engineer", "analyst", "metrics", "backup", "airflow")
CA_FILE = "/etc/warehouse/ca.crt"


def password() -> str:
    """144 bits, in letters and digits that never need quoting."""
    return secrets.token_urlsafe(18).replace("-", "x").replace("_", "y")


def fernet_key() -> str:
    """The key that Airflow encrypts connections with: 32 bytes, URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SUPERUSER = (DATA_PLATFORM, "warehouse-superuser")
FERNET_KEY = (AIRFLOW, "airflow-fernet-key")  # the one that is never replaced: connections are encrypted with it
GENERATED: Generators = {
    SUPERUSER: {"username": lambda: "postgres", "password": password},
    (DATA_PLATFORM, "warehouse-logins"): dict.fromkeys(LOGINS, password),
    FERNET_KEY: {"fernet-key": fernet_key},
    (AIRFLOW, "airflow-jwt"): {"jwt-secret": lambda: secrets.token_hex(32)},
    (AIRFLOW, "airflow-api-secret-key"): {"api-secret-key": lambda: secrets.token_hex(32)},
    (AIRFLOW, "airflow-admin"): {"username": lambda: "admin", "password": password},
    (MONITORING, "grafana-admin"): {"admin-user": lambda: "admin", "admin-password": password},
}
KEYS = (OBJECT_STORE, "object-store")
OF_OBJECT_STORE: Generators = {KEYS: {"AWS_ACCESS_KEY_ID": lambda: "etl", "AWS_SECRET_ACCESS_KEY": password}}
KEY_OF_PODS = (ETL, "enrichment")
OF_ENRICHMENT: Generators = {
    KEY_OF_PODS: {
        "ETL_ENRICHMENT__URL": lambda: "http://enrichment.enrichment.svc:8090",
        "ETL_ENRICHMENT__PAGE_URL": lambda: "http://mosaic.enrichment.svc:8766",
        "ETL_ENRICHMENT__KEY": lambda: secrets.token_urlsafe(32),
    }
}
HASHES_OF_KEYS = (ENRICHMENT, "enrichment-keys")
TLS = (DATA_PLATFORM, "warehouse-tls")
AUTHORITY = (DATA_PLATFORM, "warehouse-authority")  # signs it, and CronJob certificate signs the next ones with it
STORE_TLS = (OBJECT_STORE, "object-store-tls")
API_KEYS = (ETL, "api-keys")  # given by people in the environment of `make up`; those given before are kept
GIVEN = ("ETL_NASA__API_KEY",)


@dataclass(frozen=True)
class Store:
    """All Secrets by namespace and name, decoded. Its repr shows names only."""

    values: Values = field(repr=False)
    made: tuple[str, ...] = ()

    def checksum(self, *names: Name) -> str:
        """Changes when one of these does; keyed, so that nobody can try passwords that a person may have chosen."""
        content = json.dumps([self.values.get(name) for name in names], sort_keys=True)
        secret = self.values.get(FERNET_KEY, {}).get("fernet-key", "")
        return hmac.new(secret.encode(), content.encode(), "sha256").hexdigest()[:16]

    def trusted(self) -> str:
        """Changes with the authorities that clients of Postgres trust; it reads a renewed certificate by itself."""
        return hashlib.sha256(self.values.get(TLS, {}).get("ca.crt", "").encode()).hexdigest()[:16]


def read(cluster: Cluster) -> Values:
    """Those in the cluster that are not derived, whoever created them, decoded."""
    wanted = {*GENERATED, *OF_OBJECT_STORE, *OF_ENRICHMENT, TLS, AUTHORITY, STORE_TLS, API_KEYS, cnpg.ARCHIVE}
    not_helm = "--field-selector=type!=helm.sh/release.v1"  # those hold whole charts
    with ThreadPoolExecutor() as pool:
        namespaces = sorted({namespace for namespace, _ in wanted})
        lists = pool.map(lambda namespace: cluster.list("secrets", namespace, not_helm), namespaces)
        items = [item for items in lists for item in items if key(item) in wanted]
    return {key(item): decoded(item) for item in items}


def with_given(existing: Values, environment: Mapping[str, str]) -> Values:
    """The existing ones, with the keys of APIs that the environment gives."""
    keys = existing.get(API_KEYS, {}) | {name: environment[name] for name in GIVEN if environment.get(name)}
    return {**existing, API_KEYS: keys} if keys else existing


def complete(
    existing: Mapping[Name, dict[str, str]],
    *,
    with_tls: bool = True,
    with_object_store: bool = False,
    with_enrichment: bool = False,
) -> Store:
    """The existing ones, and new values for what is missing; those of an optional part only if there is to be one."""
    left_out = {*(() if with_object_store else (KEYS, STORE_TLS)), *(() if with_enrichment else (KEY_OF_PODS,))}
    values = {name: has for name, has in existing.items() if name not in left_out}
    optional = {**OF_OBJECT_STORE, **OF_ENRICHMENT}
    generators = {**GENERATED, **{name: entries for name, entries in optional.items() if name not in left_out}}
    made = []
    for name, entries in generators.items():
        has = existing.get(name, {})
        missing = {entry: make() for entry, make in entries.items() if not has.get(entry)}
        if missing:
            made.append(name[1])
        values[name] = {**has, **missing}
    signers: dict[Name, dict[str, str]] = {}
    if with_tls:
        if not certificate.can_sign(existing.get(AUTHORITY, {})):
            made.append(AUTHORITY[1])
            values[AUTHORITY] = certificate.authority()
        signers[TLS] = values[AUTHORITY]
    servers = {TLS: certificate.POSTGRES} if with_tls else {}
    servers |= {STORE_TLS: certificate.OBJECT_STORE} if with_object_store else {}
    for name, hosts in servers.items():
        tls, signer = existing.get(name, {}), signers.get(name)
        if not tls.get("tls.key") or not tls.get("ca.crt") or certificate.needs_renewal(tls.get("tls.crt", ""), hosts):
            made.append(name[1])
            values[name] = certificate.make(hosts, old_authority=tls.get("ca.crt", ""), signed_by=signer)
        elif signer:  # clients trust it before it signs
            values[name] = {**tls, "ca.crt": certificate.trusted(signer["ca.crt"], tls["ca.crt"])}
    return Store(values, tuple(made))


def with_archive(store: Store, now: datetime | None) -> Store:
    """Where CloudNativePG archives: what people have given, or else the S3 server in the cluster, if there is one.

    `now`: a server is created, and needs a folder of its own. Without any place to archive, there is no such Secret.
    """
    given = store.values.get(cnpg.ARCHIVE, {})
    values = {name: has for name, has in store.values.items() if name != cnpg.ARCHIVE}
    if given.get("URL", cnpg.OWN_ARCHIVE) == cnpg.OWN_ARCHIVE:
        if KEYS not in values:
            return Store(values, store.made)
        own = {"URL": cnpg.OWN_ARCHIVE, "ENDPOINT": f"https://{lake.STORE_HOST}", "ca.crt": values[STORE_TLS]["ca.crt"]}
        given = {**given, **own, **values[KEYS]}
    if now is not None:
        given = cnpg.new_folder(given, now)
    return Store({**values, cnpg.ARCHIVE: given}, store.made)


def derive(store: Store, host: str, port: int) -> Store:
    """Add the Secrets that repeat a login in the form its reader expects."""
    logins = store.values[DATA_PLATFORM, "warehouse-logins"]
    # How to verify the server is in PGSSLMODE and PGSSLROOTCERT of Airflow's values: asyncpg, which reads this URL as
    # psycopg2 does, rejects such parameters in it.
    connection = f"postgresql://airflow:{quote(logins['airflow'], safe='')}@{host}:{port}/airflow"
    derived = {
        (AIRFLOW, "airflow-metadata"): {"connection": connection},
        (MONITORING, "grafana-warehouse"): {"password": logins["analyst"]},
        (ETL, "warehouse"): {
            "PGHOST": host,
            "PGPORT": str(port),
            "PGDATABASE": "warehouse",
            "PGUSER": "etl_loader",
            "PGPASSWORD": logins["etl_loader"],
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": CA_FILE,
        },
    }
    if KEYS in store.values:
        derived[ETL, "object-store"] = store.values[KEYS]
    if KEY_OF_PODS in store.values:  # the service knows hashes only, each with the name of who has the key
        of_pods = store.values[KEY_OF_PODS]["ETL_ENRICHMENT__KEY"]
        derived[HASHES_OF_KEYS] = {"keys": f"pipeline:{hashlib.sha256(of_pods.encode()).hexdigest()}"}
    return Store({**store.values, **derived}, store.made)


def renewal() -> Object:
    """ConfigMap of CronJob certificate, which renews the warehouse's."""
    sources = (paths.CERTIFICATE / "renew.py", Path(certificate.__file__))
    return objects.config_map(DATA_PLATFORM, "certificate", {file.name: file.read_text("utf-8") for file in sources})


def manifest(store: Store, authority: str) -> list[Object]:
    """The Secrets as Kubernetes objects, and the authorities' certificates for every namespace that has clients."""
    kinds = {TLS: "kubernetes.io/tls", STORE_TLS: "kubernetes.io/tls"}
    made = [
        objects.labelled("Secret", *name, type=kinds.get(name, "Opaque"), stringData=values)
        for name, values in sorted(store.values.items())
    ]
    for secret in made:
        if key(secret) in (TLS, SUPERUSER):  # CloudNativePG's instances follow these without a restart
            secret["metadata"]["labels"] = {**objects.LABELS, "cnpg.io/reload": "true"}
    return [*made, *authorities(store, authority)]


def authorities(store: Store, authority: str) -> list[Object]:
    """The certificates that clients trust; they are public."""
    made = [
        objects.config_map(namespace, "warehouse-ca", {"ca.crt": authority})
        for namespace in (DATA_PLATFORM, ETL, AIRFLOW, MONITORING)
    ]
    if STORE_TLS in store.values:
        made.append(objects.config_map(ETL, "object-store-ca", {"ca.crt": store.values[STORE_TLS]["ca.crt"]}))
    return made
