"""The descriptions of an export for helmfile and for Argo CD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8s.installer.export.content import MANIFESTS, Exported
from k8s.installer.install import argocd
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
APPLICATIONS = "applications"
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


def root(repository: str, path: str) -> dict[str, Any]:
    """The Application that is applied by hand, once: it keeps the others as the repository has them.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/cluster-bootstrapping/
    """
    return _application(argocd.NAME, argocd.NAMESPACE, [{**_here(repository), "path": f"{path}{APPLICATIONS}"}])


def applications(releases: Sequence[Exported], repository: str, path: str) -> dict[str, dict[str, Any]]:
    """Argo CD's Applications by name, for a folder that is at `path` of a Git repository.

    `releases` are in the order of their needs.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
    """
    here = _here(repository)
    manifests = [{**here, "path": f"{path}{MANIFESTS}"}]
    found = {MANIFESTS: _application(f"{argocd.NAME}-{MANIFESTS}", "data-platform", manifests, wave=0)}
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
        found[one.name] = _application(
            f"{argocd.NAME}-{one.name}",
            one.namespace,
            sources,
            wave=waves[one.namespace, one.name],
            ignored=MADE_UP if one.name == STACK else (),
        )
    return found


def _here(repository: str) -> dict[str, str]:
    return {"repoURL": repository, "targetRevision": "HEAD"}


def _application(
    name: str,
    namespace: str,
    sources: list[dict[str, Any]],
    wave: int | None = None,
    ignored: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    annotations = {} if wave is None else {"argocd.argoproj.io/sync-wave": str(wave)}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": argocd.NAMESPACE,
            "labels": argocd.LABEL,
            # The server says what it would change; Argo CD's own comparison does not know what operators fill in.
            "annotations": {**annotations, "argocd.argoproj.io/compare-options": "ServerSideDiff=true"},
        },
        "spec": {
            "project": "default",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "sources": sources,
            **({"ignoreDifferences": list(ignored)} if ignored else {}),
            "syncPolicy": {
                # Nothing is pruned: what holds data must not go because a file did.
                "automated": {"selfHeal": True},
                "syncOptions": ["ServerSideApply=true", "RespectIgnoreDifferences=true"],
                "retry": {"limit": 10, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}},
            },
        },
    }
