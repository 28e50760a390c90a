"""The page that an export opens with: what is in it, and how each tool applies it."""

from __future__ import annotations

from collections.abc import Sequence

from k8s.installer.export.content import Exported

TEXT = """\
# The data platform, as files

Written by `python -m k8s.installer export`: what `make up` would install with the same options. There is no secret in
it: Secrets are in the cluster, made by `python -m k8s.installer secrets`, which keeps those that are there.

| Folder | What is in it |
|---|---|
| `manifests/` | the operator's kinds, namespaces, permissions, policies, ConfigMaps (DAGs and settings among them) |
| `charts/` | the charts that are not published |
| `values/<release>/` | what each release is given; `computed.yaml`, the last, names images and what restarts pods |

The images must be where the cluster pulls them from; `python -m k8s.installer push` builds and pushes these.
`images.yaml`, if it is here, has the digest by which each image is named, whatever becomes of its tag.

{images}

## With helm and kubectl

```
{commands}
```

## With helmfile

```
{manifests}
helmfile sync
```

## With Argo CD

```
kubectl apply --filename argocd.yaml
```

Once, when the folder is in the repository: this Application keeps those in `applications/` as the repository has them,
one for the manifests and one for each release. What starts before what it needs is there retries. If `argocd.yaml` is
missing, export again with `--repository` and the URL of the Git repository that this folder is in.
"""
APPLY = "kubectl apply --server-side --force-conflicts --field-manager=data-platform"
MANIFESTS = f"{APPLY} -f manifests/00-namespaces.yaml\n{APPLY} -f manifests/"


def page(releases: Sequence[Exported], images: Sequence[str]) -> str:
    """README.md of the folder, for releases in the order of their needs."""
    commands = [MANIFESTS, *map(_command, releases)]
    listed = "\n".join(f"- `{image}`" for image in images)
    return TEXT.format(images=listed, commands="\n".join(commands), manifests=MANIFESTS)


def _command(release: Exported) -> str:
    published = release.published
    chart = release.chart
    if published:
        chart += f" \\\n  --repo {published.repository} --version {published.version}"
    wait = "--wait --wait-for-jobs" if release.has_jobs else "--wait"
    values = "".join(f" \\\n  --values {file}" for file in release.values)
    return (
        f"helm upgrade --install {release.name} {chart} \\\n"
        f"  --namespace {release.namespace} --skip-crds --history-max 3 {wait} --timeout 10m{values}"
    )
