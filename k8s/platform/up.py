"""`make up`: from any state to a platform that works."""

from __future__ import annotations

import shutil
import time
from functools import partial

from etl.core.errors import AccessError, ConfigError
from k8s.platform import (
    charts,
    console,
    dags,
    diagnosis,
    generated,
    images,
    kind,
    lake,
    lease,
    manifests,
    monitoring,
    paths,
    preflight,
    receivers,
    releases,
    spark,
)
from k8s.platform.cluster import ETL, SIMULATOR, Cluster
from k8s.platform.generated import Store
from k8s.platform.options import Options, context_of
from k8s.platform.readiness import Watch
from k8s.platform.releases import SIMULATOR_RELEASE, Facts, Release
from k8s.platform.steps import Running, Step, carry_out


def up(options: Options) -> dict[str, float]:
    """Check, then install side by side. Returns the seconds of each step.

    Raises: PlatformError, after showing what a person would look up first.
    """
    begun = time.monotonic()
    cluster = checked(options)
    progress = console.Progress()
    installation = Installation(cluster, options)
    console.say("\nInstall")
    installation.make_namespaces()
    with lease.held(cluster):
        try:
            carry_out(installation.steps(), progress)
        except diagnosis.NotReadyError as error:
            diagnosis.show(cluster, error.trouble)
            raise
    console.say(f"\nThe platform is up after {time.monotonic() - begun:.0f} s.")
    console.say("Next: make trigger · make trigger DAG=sensors · make ui · make psql · make credentials · make status")
    return progress.seconds


def checked(options: Options) -> Cluster:
    """The cluster, after every check passed and the person agreed. Raises: ConfigError, AccessError."""
    console.say("Check")
    tools = preflight.check_tools(options)
    if options.cluster == "kind":
        preflight.show(tools)
        kind.create()
        tools = []
    elif shutil.which("kubectl") is None:
        preflight.show(tools)
    cluster = Cluster(context_of(options.cluster))
    preflight.show([*tools, *preflight.check_all(cluster, options)])
    if options.spark:
        spark.require_shared(lake.url(cluster, object_store=options.object_store))
    if not preflight.agreed(cluster.context, options):
        raise AccessError(
            f"Nothing was changed: context '{cluster.context}' is none of the local ones known.",
            hint=f"If it is the right one: make up CLUSTER={cluster.context} (or YES=1).",
        )
    return cluster


class Installation:
    """The steps of one `make up`, and what they hand each other."""

    def __init__(self, cluster: Cluster, options: Options) -> None:
        self.cluster = cluster
        self.options = options
        self.watch = Watch(cluster)
        self.image = images.name(options)
        self.lake = lake.url(cluster, object_store=options.object_store)
        self.revisions = releases.revisions(cluster)
        self.secrets = Store({})
        self.receivers = receivers.read(cluster)

    def make_namespaces(self) -> None:
        """Before everything else, as even the lock of the installer lives in one."""
        self.cluster.apply((paths.MANIFESTS / "namespaces.yaml").read_text(encoding="utf-8"))

    def steps(self) -> list[Step]:
        """All steps; `needs` says what must be done before."""
        steps = [
            Step("policies", (), self._policies),
            # The namespace of the object store comes with its policies, and gets Secrets.
            Step("secrets", ("policies",) if self.options.object_store else (), self._secrets),
            Step("operator kinds", (), lambda running: charts.provide_crds(self.cluster, self.options.charts, running)),
            Step("image", (), partial(images.provide, self.cluster, self.options, images.SLIM)),
            Step("dags", ("image",), lambda running: dags.provide(self.cluster, self._told_to_dags(), running)),
        ]
        if self.options.spark:
            steps.append(
                Step("image with Spark", ("image",), partial(images.provide, self.cluster, self.options, images.SPARK))
            )
        for release in releases.wanted(self.options):
            steps.append(Step(release.name, ("policies", *release.needs), partial(self._release, release)))
        wanted = {release.name for release in releases.wanted(self.options)}
        for release in releases.present(self.revisions):
            if release.name not in wanted:
                steps.append(Step(release.name, ("policies",), partial(self._remove, release)))
        return steps

    def _policies(self, _running: Running) -> str:
        wanted = manifests.Wanted(
            simulate=self.options.simulate,
            object_store=self.options.object_store,
            logs=self.options.logs,
            spark=self.options.spark,
            alert_ports=self.receivers.ports,
            warehouse_port=self.options.warehouse_address[1],
            is_warehouse_outside=bool(self.options.warehouse_host),
        )
        api = manifests.kubernetes_api(self.cluster)
        self.cluster.apply(manifests.render(api, wanted))
        if unwanted := manifests.unwanted(wanted):
            rendered = manifests.render(api, wanted, unwanted)
            self.cluster.kubectl("delete", "--ignore-not-found", "--filename=-", stdin=rendered)
        return "namespaces, limits, permissions, arrows"

    def _secrets(self, _running: Running) -> str:
        existing = generated.read(self.cluster)
        external = self.options.warehouse_ca is not None
        if external and not existing.get(generated.SUPERUSER, {}).get("password"):
            raise ConfigError(
                f"The password of the owner of {self.options.warehouse_host} is not known.",
                hint="kubectl -n data-platform create secret generic warehouse-superuser "
                "--from-literal=username=… --from-file=password=FILE",
            )
        complete = generated.complete(existing, with_tls=not external, with_object_store=self.options.object_store)
        self.secrets = generated.derive(complete, *self.options.warehouse_address)
        if self.options.warehouse_ca is not None:
            authority = self.options.warehouse_ca.read_text(encoding="utf-8")
        else:
            authority = self.secrets.values[generated.TLS]["ca.crt"]
        made = generated.objects(self.secrets, authority)
        settings = generated.settings_of_pods(simulate=self.options.simulate, object_store=self.options.object_store)
        of_spark = [spark.settings()] if self.options.spark else []
        self.cluster.apply([*made, settings, *of_spark, monitoring.queries_map()])
        if not self.options.object_store:  # its keys would come before the role that opens a lake elsewhere
            gone = ("secret/object-store", "configmap/object-store-ca", "networkpolicy/to-object-store")
            self.cluster.kubectl("delete", *gone, "--namespace", ETL, "--ignore-not-found")
        kept = len(complete.values) - len(complete.made)
        return f"made {len(complete.made)}, kept {kept}" if complete.made else "unchanged"

    def _told_to_dags(self) -> dict[str, str]:
        spark_image = images.name(self.options, images.SPARK) if self.options.spark else ""
        return {"etl_image": self.image, "spark_image": spark_image, "lake_claim": lake.claim(self.lake)}

    def _release(self, release: Release, running: Running) -> str:
        facts = Facts(self.options, self.image, self.secrets, self.receivers)
        newest = self.revisions.get((release.namespace, release.name))
        return releases.provide(self.cluster, release, facts, newest, self.watch, running)

    def _remove(self, release: Release, running: Running) -> str:
        running.note("not asked for any more")
        what = releases.uninstall(self.cluster, release)
        if release is SIMULATOR_RELEASE:
            self.cluster.kubectl("delete", "namespace", SIMULATOR, "--ignore-not-found")
            self.cluster.kubectl("delete", "networkpolicy", "to-simulator", "--namespace=etl", "--ignore-not-found")
        return what
