"""The steps of one `make up`, what they need of each other, and what they hand on."""

from __future__ import annotations

from functools import partial

from etl.core.errors import ConfigError
from k8s.installer import paths
from k8s.installer.cluster import helm
from k8s.installer.cluster.helm import Revision
from k8s.installer.cluster.kubectl import ETL, SIMULATOR, Cluster
from k8s.installer.install import (
    charts,
    dags,
    images,
    lake,
    manifests,
    monitoring,
    pods,
    receivers,
    releases,
    secrets,
    spark,
)
from k8s.installer.install.options import Options
from k8s.installer.install.readiness import Watch
from k8s.installer.install.releases import OBJECT_STORE_RELEASE, SIMULATOR_RELEASE, Inputs, Release
from k8s.installer.install.steps import Done, Running, Step


def create_namespaces(cluster: Cluster) -> None:
    """Before everything else, as even the installer's lock lives in one."""
    cluster.apply((paths.MANIFESTS / "namespaces.yaml").read_text(encoding="utf-8"))


class Plan:
    """What is to be installed into a cluster as it was found; nothing here changes while the steps run."""

    def __init__(self, cluster: Cluster, options: Options) -> None:
        self.cluster = cluster
        self.options = options
        self.watch = Watch(cluster)
        self.image = images.name(options)
        self.lake = lake.url(cluster, object_store=options.object_store)
        self.receivers = receivers.read(cluster)

    def steps(self) -> list[Step]:
        """All steps; `needs` names those that must be done first."""
        cluster, options, revisions = self.cluster, self.options, helm.revisions(self.cluster)
        steps = [
            Step("policies", (), self._policies),
            # The namespace of the object store comes with its policies, and gets Secrets.
            Step("secrets", ("policies",) if options.object_store else (), self._secrets),
            Step("operator kinds", (), partial(charts.provide_crds, cluster, options.charts)),
            Step("image", (), partial(images.provide, cluster, options, images.SLIM)),
            # Pods change over only once what they are to reach is running: a failed `make up` leaves them as they were.
            Step("settings", ("secrets", *self._reached_by_pods()), self._settings),
            Step("dags", ("image", "settings"), partial(dags.provide, cluster, self._settings_of_dags())),
        ]
        if options.spark:
            provide_spark = partial(images.provide, cluster, options, images.SPARK)
            steps.append(Step("image with Spark", ("image",), provide_spark))
        wanted = releases.wanted(options)
        for release in wanted:
            provide = partial(self._release, release, revisions.get(release.key))
            steps.append(Step(release.name, ("policies", *release.needs), provide))
        for release in releases.present(revisions):
            if release not in wanted:
                steps.append(Step(release.name, ("policies", "dags"), partial(self._remove, release)))
        return steps

    def _reached_by_pods(self) -> list[str]:
        optional = {SIMULATOR_RELEASE.name: self.options.simulate, OBJECT_STORE_RELEASE.name: self.options.object_store}
        return [name for name, is_wanted in optional.items() if is_wanted]

    def _policies(self, _running: Running) -> str:
        wanted = manifests.Wanted(
            simulate=self.options.simulate,
            object_store=self.options.object_store,
            logs=self.options.logs,
            spark=self.options.spark,
            alert_ports=self.receivers.ports,
            warehouse_port=self.options.warehouse_address[1],
            is_warehouse_external=bool(self.options.warehouse_host),
        )
        api = manifests.kubernetes_api(self.cluster)
        self.cluster.apply(manifests.render(api, wanted))
        if unwanted := manifests.unwanted(wanted):
            rendered = manifests.render(api, wanted, unwanted)
            self.cluster.kubectl("delete", "--ignore-not-found", "--filename=-", stdin=rendered)
        return "namespaces, limits, permissions, policies"

    def _secrets(self, _running: Running) -> Done:
        options, authority = self.options, self.options.warehouse_ca
        existing = secrets.read(self.cluster)
        if authority and not existing.get(secrets.SUPERUSER, {}).get("password"):
            raise ConfigError(
                f"The password of the owner of {options.warehouse_host} is not known.",
                hint="kubectl -n data-platform create secret generic warehouse-superuser "
                "--from-literal=username=… --from-file=password=FILE",
            )
        complete = secrets.complete(existing, with_tls=not authority, with_object_store=options.object_store)
        store = secrets.derive(complete, *options.warehouse_address)
        ca = authority.read_text(encoding="utf-8") if authority else store.values[secrets.TLS]["ca.crt"]
        self.cluster.apply([*secrets.manifest(store, ca), monitoring.queries_map()])
        made, kept = len(complete.made), len(complete.values) - len(complete.made)
        return Done(f"generated {made}, kept {kept}" if made else "unchanged", store)

    def _settings(self, _running: Running) -> str:
        options = self.options
        settings = pods.settings(simulate=options.simulate, object_store=options.object_store)
        self.cluster.apply([settings, *([spark.settings()] if options.spark else [])])
        if not options.object_store:  # its keys would take precedence over the role that opens a lake elsewhere
            gone = ("secret/object-store", "configmap/object-store-ca", "networkpolicy/to-object-store")
            self.cluster.kubectl("delete", *gone, "--namespace", ETL, "--ignore-not-found")
        return f"lake on {'a volume' if lake.claim(self.lake) else 'S3'}"

    def _settings_of_dags(self) -> dict[str, str]:
        spark_image = images.name(self.options, images.SPARK) if self.options.spark else ""
        return {"etl_image": self.image, "spark_image": spark_image, "lake_claim": lake.claim(self.lake)}

    def _release(self, release: Release, newest: Revision | None, running: Running) -> str:
        inputs = Inputs(self.options, self.image, self.receivers, running.results)
        return releases.provide(self.cluster, release, inputs, newest, self.watch, running)

    def _remove(self, release: Release, running: Running) -> str:
        running.note("no longer wanted")
        helm.uninstall(self.cluster, *release.key)
        if release is SIMULATOR_RELEASE:
            self.cluster.kubectl("delete", "namespace", SIMULATOR, "--ignore-not-found")
            self.cluster.kubectl("delete", "networkpolicy", "to-simulator", "--namespace", ETL, "--ignore-not-found")
        return "removed"
