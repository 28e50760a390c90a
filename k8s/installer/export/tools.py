"""The descriptions of an export for helmfile and for Argo CD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8s.installer.export.content import MANIFESTS, Exported
from k8s.installer.install.releases import STACK

# The certificate of the operator's webhooks: its chart makes up another whenever it is rendered, so the first stays.
MADE_UP = [
    {"kind": "Secret", "name": f"{STACK}-admission", "jsonPointers": ["/data"]},
    *(
        {
            "group": "admissionregistration.k8s.io",
            "kind": f"{kind}WebhookConfiguration",
            "jqPathExpressions": [".webhooks[]?.clientConfig.caBundle"],
        }
        for kind in ("Mutating", "Validating")
    ),
]
HEADER = "# Written by `python -m k8s.installer export`; README.md beside it says how to apply it.\n"


def helmfile(releases: Sequence[Exported]) -> dict[str, Any]:
    """https://helmfile.readthedocs.io/en/latest/configuration/"""
    published = [one.published for one in releases if one.published]
    repositories = {_alias(url): url for url in sorted({chart.repository for chart in published})}
    return {
        "repositories": [{"name": name, "url": url} for name, url in repositories.items()],
        "helmDefaults": {
            "createNamespace": False,
            "skipCRDs": True,
            "historyMax": 3,
            "wait": True,
        },
        "releases": [
            {
                "name": one.name,
                "namespace": one.namespace,
                **(
                    {"chart": f"{_alias(one.published.repository)}/{one.chart}", "version": one.published.version}
                    if one.published
                    else {"chart": f"./{one.chart}"}
                ),
                **({"waitForJobs": True} if one.has_jobs else {}),
                "needs": [f"{namespace}/{name}" for namespace, name in one.needs],
                "values": list(one.values),
            }
            for one in releases
        ],
    }


def _alias(repository: str) -> str:
    """`prometheus-community.github.io-helm-charts` of its URL."""
    return repository.removeprefix("https://").strip("/").replace("/", "-")


def applications(releases: Sequence[Exported], repository: str, path: str) -> list[dict[str, Any]]:
    """Argo CD's Applications, for a folder that is at `path` of a Git repository; `releases` in the order of needs.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
    """
    here = {"repoURL": repository, "targetRevision": "HEAD"}
    found = [_application("manifests", "data-platform", 0, [{**here, "path": f"{path}{MANIFESTS}"}])]
    waves: dict[tuple[str, str], int] = {}
    for one in releases:
        waves[one.namespace, one.name] = 1 + max((waves[need] for need in one.needs), default=0)
        chart = (
            {"repoURL": one.published.repository, "chart": one.chart, "targetRevision": one.published.version}
            if one.published
            else {**here, "path": f"{path}{one.chart}"}
        )
        values = [f"$here/{path}{file}" for file in one.values]
        helm = {"releaseName": one.name, "skipCrds": True, "valueFiles": values}
        sources: list[dict[str, Any]] = [{**chart, "helm": helm}, {**here, "ref": "here"}]
        found.append(_application(one.name, one.namespace, waves[one.namespace, one.name], sources))
    return found


def _application(name: str, namespace: str, wave: int, sources: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": f"data-platform-{name}",
            "namespace": "argocd",
            "annotations": {"argocd.argoproj.io/sync-wave": str(wave)},
        },
        "spec": {
            "project": "default",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "sources": sources,
            **({"ignoreDifferences": MADE_UP} if name == STACK else {}),
            "syncPolicy": {
                # Nothing is pruned: what holds data must not go because a file did.
                "automated": {"selfHeal": True},
                "syncOptions": ["ServerSideApply=true", "RespectIgnoreDifferences=true"],
                "retry": {"limit": 10, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}},
            },
        },
    }
