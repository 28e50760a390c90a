"""Airflow and Grafana by names of their own, through whatever ingress controller the cluster has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8s.installer.install.options import Options

FROM = "data-platform/ingress-from"  # on Airflow's Ingress: whom the network policies let in


def airflow(options: Options) -> dict[str, Any]:
    """What Airflow's chart is given."""
    if not options.host:
        return {}
    name = f"airflow.{options.host}"
    secret = _secret(options, "airflow")
    host = {"name": name, "tls": {"enabled": True, "secretName": secret}} if secret else {"name": name}
    served = {
        "enabled": True,
        "ingressClassName": options.ingress_class,
        "annotations": {**_annotations(options, "/api/v2/monitor/health"), FROM: options.ingress_from},
        "pathType": "Prefix",
        "hosts": [host],
    }
    # Behind TLS that ends elsewhere, addresses and cookies follow what the controller says of the request.
    believing = {
        "args": ["airflow", "api-server", "--proxy-headers"],
        "env": [{"name": "FORWARDED_ALLOW_IPS", "value": "*"}],
    }
    return {
        "ingress": {"apiServer": served},
        "config": {"api": {"base_url": f"https://{name}"}},
        "apiServer": believing,
    }


def grafana(options: Options) -> dict[str, Any]:
    """What Grafana's chart is given."""
    if not options.host:
        return {}
    name = f"grafana.{options.host}"
    secret = _secret(options, "grafana")
    served = {
        "enabled": True,
        "ingressClassName": options.ingress_class,
        "annotations": _annotations(options, "/api/health"),
        "hosts": [name],
        "path": "/",
        "pathType": "Prefix",
        **({"tls": [{"secretName": secret, "hosts": [name]}]} if secret else {}),
    }
    server = {"root_url": f"https://{name}"}
    return {"ingress": served, "grafana.ini": {"server": server, "security": {"cookie_secure": True}}}


def let_in(given: Mapping[str, Any]) -> str:
    """Whom the installed platform lets in, by the values of its Airflow; blank without an ingress."""
    return str(given.get("ingress", {}).get("apiServer", {}).get("annotations", {}).get(FROM, ""))


def _is_of_acm(options: Options) -> bool:
    return options.ingress_certificate.startswith("arn:")


def _secret(options: Options, name: str) -> str:
    """Where cert-manager keeps the certificate; one of ACM stays with the balancer."""
    return "" if _is_of_acm(options) else f"{name}-tls"


def _annotations(options: Options, health: str) -> dict[str, str]:
    if not _is_of_acm(options):
        return {"cert-manager.io/cluster-issuer": options.ingress_certificate}
    balancer = {
        "group.name": "data-platform",  # one balancer for both
        "target-type": "ip",
        "certificate-arn": options.ingress_certificate,
        "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "healthcheck-path": health,
    }
    return {f"alb.ingress.kubernetes.io/{name}": value for name, value in balancer.items()}
