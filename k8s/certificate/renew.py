"""Renews the warehouse's certificate in time, and waits until the server uses it. A pod of CronJob certificate.

It runs beside certificate.py, which says what a certificate is, and signs as the authority that clients trust already.
Postgres reads a changed certificate by itself.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import struct
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import certificate  # type: ignore[import-not-found]

API = os.environ.get("KUBERNETES_API", "https://kubernetes.default.svc")
ACCOUNT = Path(os.environ.get("ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount"))
SERVER = os.environ.get("SERVER", "postgres.data-platform.svc:5432")
AUTHORITY = Path(os.environ.get("AUTHORITY", "/etc/authority"))
PATIENCE_S = float(os.environ.get("PATIENCE_S", "600"))  # a kubelet takes up to two minutes to bring it to the server
SECRET = "data-platform/secrets/warehouse-tls"  # noqa: S105  # where it is
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def main() -> None:
    """Renew it if it is time. Ends with an error unless clients get a certificate with enough time left."""
    tls = {key: base64.b64decode(value).decode() for key, value in call("GET", SECRET)["data"].items()}
    if certificate.needs_renewal(tls["tls.crt"], certificate.POSTGRES):
        authority = {name: (AUTHORITY / name).read_text(encoding="utf-8") for name in ("ca.crt", "ca.key")}
        if not certificate.can_sign(authority):
            sys.exit("error: The authority in Secret warehouse-authority is too old.\nhint: `make up` makes another.")
        tls = certificate.make(certificate.POSTGRES, old_authority=tls["ca.crt"], signed_by=authority)
        call("PATCH", SECRET, {"stringData": tls})
        print("The server gets a new certificate.", flush=True)
    wanted, until = ssl.PEM_cert_to_DER_cert(tls["tls.crt"]), time.monotonic() + PATIENCE_S
    while (served := in_use(tls["ca.crt"])) != wanted:
        if time.monotonic() > until:
            sys.exit(f"error: The server does not use the certificate in Secret warehouse-tls: {served!r:.200}")
        time.sleep(min(5, PATIENCE_S))
    print(f"The certificate is valid until {certificate.expires(tls['tls.crt']):%Y-%m-%d}, and in use.")


def in_use(authority: str) -> bytes | str:
    """The server's certificate, if clients that trust this authority accept it; else why not."""
    host, port = SERVER.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(SSL_REQUEST)
            plain.recv(1)
            with ssl.create_default_context(cadata=authority).wrap_socket(plain, server_hostname=host) as secure:
                return secure.getpeercert(binary_form=True) or ""
    except OSError as error:
        return str(error)


def call(method: str, path: str, body: Any = None) -> Any:
    """One call of the Kubernetes API, with the rights of this pod's account."""
    token, kind = (ACCOUNT / "token").read_text(encoding="utf-8"), "application/merge-patch+json"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{API}/api/v1/namespaces/{path}", data, headers, method=method)  # noqa: S310
    trusts = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt")) if API.startswith("https") else None
    with urllib.request.urlopen(request, timeout=30, context=trusts) as answer:  # noqa: S310
        return json.load(answer)


if __name__ == "__main__":
    main()
