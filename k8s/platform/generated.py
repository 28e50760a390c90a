"""Secrets: made once, kept afterwards, never printed; what is derived from them follows them.

A person who deletes one of the first kind gets a new one at the next `make up`, and whatever uses it follows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from etl import sources
from k8s.platform import certificate, lake
from k8s.platform.cluster import AIRFLOW, DATA_PLATFORM, ETL, MONITORING, OBJECT_STORE, Cluster, Object, key

LOGINS = ("etl_loader", "engineer", "analyst", "metrics", "backup", "airflow")
CA_FILE = "/etc/warehouse/ca.crt"
LABELS = {"app.kubernetes.io/part-of": "data-platform", "app.kubernetes.io/managed-by": "make-up"}


def password() -> str:
    """144 bits in letters that need no quoting anywhere."""
    return secrets.token_urlsafe(18).replace("-", "x").replace("_", "y")


def fernet_key() -> str:
    """What Airflow encrypts connections with: 32 bytes, URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SUPERUSER = (DATA_PLATFORM, "warehouse-superuser")
ORIGINALS: Mapping[tuple[str, str], Mapping[str, Callable[[], str]]] = {
    SUPERUSER: {"username": lambda: "postgres", "password": password},
    (DATA_PLATFORM, "warehouse-logins"): dict.fromkeys(LOGINS, password),
    (AIRFLOW, "airflow-fernet-key"): {"fernet-key": fernet_key},
    (AIRFLOW, "airflow-jwt"): {"jwt-secret": lambda: secrets.token_hex(32)},
    (AIRFLOW, "airflow-api-secret-key"): {"api-secret-key": lambda: secrets.token_hex(32)},
    (AIRFLOW, "airflow-admin"): {"username": lambda: "admin", "password": password},
    (MONITORING, "grafana-admin"): {"admin-user": lambda: "admin", "admin-password": password},
}
KEYS = (OBJECT_STORE, "object-store")
OF_OBJECT_STORE: Mapping[tuple[str, str], Mapping[str, Callable[[], str]]] = {
    KEYS: {"AWS_ACCESS_KEY_ID": lambda: "etl", "AWS_SECRET_ACCESS_KEY": password},
}
TLS = (DATA_PLATFORM, "warehouse-tls")
STORE_TLS = (OBJECT_STORE, "object-store-tls")


@dataclass(frozen=True)
class Store:
    """All Secrets by namespace and name, decoded. Its repr shows names only."""

    values: dict[tuple[str, str], dict[str, str]] = field(repr=False)
    made: tuple[str, ...] = ()

    def checksum(self, *names: tuple[str, str]) -> str:
        """Changes when one of these does; 64 bits of a hash of long random strings tell nothing about them."""
        content = json.dumps([self.values.get(name) for name in names], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def read(cluster: Cluster) -> dict[tuple[str, str], dict[str, str]]:
    """Those that are not derived and are there, whoever made them, decoded."""
    wanted = {*ORIGINALS, *OF_OBJECT_STORE, TLS, STORE_TLS}
    not_helm = "--field-selector=type!=helm.sh/release.v1"  # those hold whole charts
    with ThreadPoolExecutor() as pool:
        namespaces = sorted({namespace for namespace, _ in wanted})
        lists = pool.map(lambda namespace: cluster.list("secrets", namespace, not_helm), namespaces)
        items = [item for items in lists for item in items if key(item) in wanted]
    return {
        key(item): {name: base64.b64decode(data).decode() for name, data in item.get("data", {}).items()}
        for item in items
    }


def complete(
    existing: Mapping[tuple[str, str], dict[str, str]], *, with_tls: bool = True, with_object_store: bool = False
) -> Store:
    """What there is, and new values for what is missing; those of an object store only if there is to be one."""
    values = {name: has for name, has in existing.items() if with_object_store or name[0] != OBJECT_STORE}
    originals = {**ORIGINALS, **(OF_OBJECT_STORE if with_object_store else {})}
    made = []
    for name, makers in originals.items():
        has = existing.get(name, {})
        missing = {entry: make() for entry, make in makers.items() if not has.get(entry)}
        if missing:
            made.append(name[1])
        values[name] = {**has, **missing}
    servers = {TLS: certificate.POSTGRES} if with_tls else {}
    servers |= {STORE_TLS: certificate.OBJECT_STORE} if with_object_store else {}
    for name, hosts in servers.items():
        tls = existing.get(name, {})
        if not tls.get("tls.key") or not tls.get("ca.crt") or certificate.needs_renewal(tls.get("tls.crt", ""), hosts):
            made.append(name[1])
            values[name] = certificate.make(hosts, old_authority=tls.get("ca.crt", ""))
    return Store(values, tuple(made))


def derive(store: Store, host: str, port: int) -> Store:
    """Add the Secrets that repeat a login in the form that its reader wants."""
    logins = store.values[DATA_PLATFORM, "warehouse-logins"]
    # How to verify the server is in PGSSLMODE and PGSSLROOTCERT of Airflow's values: asyncpg, which reads this address
    # as psycopg2 does, would stumble over such parameters here.
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
    return Store({**store.values, **derived}, store.made)


def objects(store: Store, authority: str) -> list[Object]:
    """The Secrets as Kubernetes wants them, and the authorities' certificates for every namespace that has clients."""
    kinds = {TLS: "kubernetes.io/tls", STORE_TLS: "kubernetes.io/tls"}
    made = [
        _object("Secret", name, {"type": kinds.get(name, "Opaque"), "stringData": values})
        for name, values in sorted(store.values.items())
    ]
    authorities = [
        _object("ConfigMap", (namespace, "warehouse-ca"), {"data": {"ca.crt": authority}})
        for namespace in (DATA_PLATFORM, ETL, AIRFLOW, MONITORING)
    ]
    if STORE_TLS in store.values:
        data = {"ca.crt": store.values[STORE_TLS]["ca.crt"]}
        authorities.append(_object("ConfigMap", (ETL, "object-store-ca"), {"data": data}))
    return made + authorities


def settings_of_pods(*, simulate: bool = False, object_store: bool = False) -> Object:
    """ConfigMap etl/etl: what every ETL pod is told; secrets are in Secret etl/etl, which people make."""
    data = {
        "ETL_LAKE__URL": lake.of_platform(object_store=object_store),
        "ETL_STATSD__HOST": "statsd-exporter.monitoring.svc",
    }
    if simulate:
        data |= {
            f"ETL_{name.upper()}__BASE_URL": f"http://simulator-{name}.simulator.svc:8900" for name in sources.NAMES
        }
    return _object("ConfigMap", (ETL, "etl"), {"data": data})


def _object(kind: str, name: tuple[str, str], content: Mapping[str, Any]) -> Object:
    metadata = {"namespace": name[0], "name": name[1], "labels": LABELS}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}
