"""The steps of one `make up`, what they need from each other, and what they hand on.

What pods of runs use (tables, settings, logins, DAGs) changes in one go, once all that it leads to is there: whatever
fails or is interrupted before that leaves the platform running as it was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from etl.core.errors import AccessError, ConfigError, PlatformError
from k8s.installer import paths
from k8s.installer.cluster import airflow, helm
from k8s.installer.cluster.helm import Revision
from k8s.installer.cluster.kubectl import AIRFLOW, DATA_PLATFORM, ETL, Cluster, Object, key
from k8s.installer.errors import FailedError
from k8s.installer.install import (
    charts,
    cnpg,
    dags,
    database,
    images,
    jobs,
    lake,
    manifests,
    monitoring,
    pods,
    receivers,
    releases,
    secrets,
    spark,
)
from k8s.installer.install.gate import Gate
from k8s.installer.install.options import Options
from k8s.installer.install.readiness import Watch
from k8s.installer.install.releases import (
    ENRICHMENT_RELEASE,
    OBJECT_STORE_RELEASE,
    SIMULATOR_RELEASE,
    Inputs,
    Release,
)
from k8s.installer.install.secrets import Store
from k8s.installer.install.steps import Done, Running, Step
from k8s.installer.versions import versions


def create_namespaces(cluster: Cluster) -> None:
    """Before everything else, as even the installer's lock lives in one."""
    cluster.apply((paths.MANIFESTS / "namespaces.yaml").read_text(encoding="utf-8"))


class Plan:
    """What is to be installed into a cluster as it was found; nothing here changes while the steps run."""

    def __init__(self, cluster: Cluster, options: Options) -> None:
        self.cluster = cluster
        self.options = options
        self.watch = Watch(cluster, with_clusters=options.cnpg)
        self.image = images.name(options)
        self.lake = lake.url(cluster, options)
        self.receivers = receivers.read(cluster)
        self.releases = releases.wanted(options, has_operator=options.cnpg and cnpg.is_shared(cluster))
        self.gate = Gate(cluster)
        self._held_back: list[Object] = []

    def steps(self) -> list[Step]:
        """All steps; `needs` names those that must be done first."""
        cluster, options, revisions = self.cluster, self.options, helm.revisions(self.cluster)
        provided = self._reached_by_pods()
        steps = [
            Step("policies", (), self._policies),
            # The namespaces of these two come with their policies, and get Secrets.
            Step("secrets", ("policies",) if options.object_store or options.enrichment else (), self._secrets),
            Step("operator kinds", (), partial(charts.provide_crds, cluster, options.charts)),
            Step("image", (), partial(images.provide, cluster, options, images.SLIM)),
            Step("database", ("warehouse", "image", "secrets"), self._database),
            Step("migrations", ("database", "secrets", *provided), self._migrations),
            Step("settings", ("migrations", "secrets", *provided), self._settings, follows=True),
            Step("dags", ("image", "secrets", "settings"), self._dags, follows=True),
            Step("tidied up", ("policies", "dags", "airflow"), self._tidy_up),
        ]
        if options.spark:
            steps.append(Step("image with Spark", ("image",), partial(images.provide, cluster, options, images.SPARK)))
        if options.enrichment:
            provide_model = partial(images.provide, cluster, options, images.ENRICHMENT)
            steps.append(Step("image with a model", ("image",), provide_model))
        for release in self.releases:
            install = self._airflow if release.name == "airflow" else self._release
            provide = partial(install, release, revisions.get(release.key))
            needs = releases.needs(release, options, self.releases)
            steps.append(Step(release.name, ("policies", *needs), provide))
        for release in releases.present(revisions):
            if release not in self.releases:
                steps.append(Step(release.name, ("policies", "dags"), partial(self._remove, release)))
        return steps

    def _reached_by_pods(self) -> list[str]:
        optional = {
            SIMULATOR_RELEASE.name: self.options.simulate,
            OBJECT_STORE_RELEASE.name: self.options.object_store,
            ENRICHMENT_RELEASE.name: self.options.enrichment,
            "image with Spark": self.options.spark,
        }
        return [name for name, is_wanted in optional.items() if is_wanted]

    def wanted(self) -> manifests.Wanted:
        """Which files of k8s/manifests are applied."""
        return manifests.Wanted(
            simulate=self.options.simulate,
            object_store=self.options.object_store,
            logs=self.options.logs,
            spark=self.options.spark,
            enrichment=self.options.enrichment,
            cnpg=self.options.cnpg,
            archive_ports=cnpg.archive_ports(self.cluster) if self.options.cnpg else (),
            alert_ports=self.receivers.ports,
            warehouse_port=self.options.warehouse_address[1],
            is_warehouse_external=bool(self.options.warehouse_host),
            pods_role=self.options.pods_role,
            task_logs_out=bool(self.options.task_logs),
            ingress_from=self.options.ingress_from,
        )

    def policies(self, chosen: list[Path] | None = None) -> str:
        """The wanted files of k8s/manifests, or the chosen ones, as one text."""
        return manifests.render(manifests.kubernetes_api(self.cluster), self.wanted(), chosen)

    def _policies(self, _running: Running) -> str:
        self.cluster.apply(self.policies())
        return "namespaces, limits, permissions, policies"

    def _tidy_up(self, _running: Running) -> str:
        """What nobody uses any more, now that pods have changed over."""
        if unwanted := manifests.unwanted(self.wanted()):
            self._delete(unwanted)
        return "permissions and policies"

    def _delete(self, files: list[Path]) -> None:
        self.cluster.kubectl("delete", "--ignore-not-found", "--filename=-", stdin=self.policies(files))

    def _secrets(self, _running: Running) -> Done:
        store = self.store()
        made_now = secrets.manifest(store, self.authority(store))
        self._held_back = [one for one in made_now if self._is_read_by_runs(one)]
        now = [one for one in made_now if one not in self._held_back]
        self.cluster.apply([*now, *self.mounted()])
        return Done(f"generated {len(store.made)}" if store.made else "unchanged", store)

    def mounted(self) -> list[Object]:
        """What pods beside those of runs mount."""
        return [monitoring.queries_map(), secrets.renewal()]

    def store(self, *, is_new: bool = True) -> Store:
        """Those in the cluster, new ones for what is missing, and what is derived from them.

        `is_new`: a server that is not there yet gets another archive than the one before.
        Raises: ConfigError for a database outside the cluster whose owner's password is not known.
        """
        options, authority = self.options, self.options.warehouse_ca
        existing = secrets.with_given(secrets.read(self.cluster), os.environ)
        if authority and not existing.get(secrets.SUPERUSER, {}).get("password"):
            raise ConfigError(
                f"The password of the owner of {options.warehouse_host} is not known.",
                hint="kubectl -n data-platform create secret generic warehouse-superuser "
                "--from-literal=username=… --from-file=password=FILE",
            )
        complete = secrets.complete(
            existing,
            with_tls=not authority,
            with_object_store=options.object_store,
            with_enrichment=options.enrichment,
        )
        if options.cnpg:
            is_created = is_new and cnpg.find(self.cluster) is None
            complete = secrets.with_archive(complete, datetime.now(UTC) if is_created else None)
        return secrets.derive(complete, *options.warehouse_address)

    def authority(self, store: Store) -> str:
        """The certificates by which clients know the warehouse."""
        given = self.options.warehouse_ca
        return given.read_text(encoding="utf-8") if given else store.values[secrets.TLS]["ca.crt"]

    def _settings(self, _running: Running) -> str:
        options = self.options
        self.cluster.apply(self.settings())
        if not options.object_store:  # its keys would take precedence over the role that opens a lake elsewhere
            gone = ("secret/object-store", "configmap/object-store-ca", "networkpolicy/to-object-store")
            self.cluster.kubectl("delete", *gone, "--namespace", ETL, "--ignore-not-found")
        if not options.enrichment:
            self.cluster.kubectl("delete", "secret/enrichment", "--namespace", ETL, "--ignore-not-found")
        return f"lake on {'a volume' if lake.claim(self.lake) else 'S3'}"

    def settings(self) -> list[Object]:
        """What pods of runs are configured with, secrets apart."""
        options = self.options
        return [pods.settings(options), *([spark.settings()] if options.spark else [])]

    def dags_map(self, store: Store) -> Object:
        """The DAGs and what their pods are made from; those of a source that needs a key only if there is one."""
        spark_image = images.name(self.options, images.SPARK) if self.options.spark else ""
        settings = {"etl_image": self.image, "spark_image": spark_image, "lake_claim": lake.claim(self.lake)}
        return dags.config_map(settings, store.values.get(secrets.API_KEYS, {}).keys())

    def _is_read_by_runs(self, item: Object) -> bool:
        """Whether it says which database or object store pods use. Another authority is trusted early, not late."""
        is_authority = item["kind"] == "ConfigMap"
        return key(item)[0] in (ETL, AIRFLOW) and (
            key(item) in ((ETL, "warehouse"), (ETL, "object-store"), secrets.KEY_OF_PODS, (AIRFLOW, "airflow-metadata"))
            or (is_authority and bool(self.options.warehouse_host))
        )

    def _database(self, running: Running) -> Done:
        """Roles, logins and databases: made and corrected where the server says that they are not as they should be."""
        inputs = self.inputs(running.results)
        logins = inputs.secrets.values[DATA_PLATFORM, "warehouse-logins"]
        if self.options.warehouse_host:  # cannot be asked from here
            jobs.run(self.cluster, "provision", inputs, self.watch, running)
            return Done("roles, logins, databases", "")
        differs = database.differences(database.ask(self.cluster), logins)
        if differs:
            jobs.run(self.cluster, "provision", inputs, self.watch, running)
        found = database.ask(self.cluster)
        if still := database.differences(found, logins):
            raise FailedError(
                f"The server is not as it should be: {still[0]}.",
                hint="kubectl -n data-platform logs job/provision, then `make psql ROLE=postgres`.",
            )
        return Done("roles, logins, databases" if differs else "unchanged", found.identity)

    def _migrations(self, running: Running) -> str:
        """Tables for this code. If there are some for other code, no pod of a run is at work meanwhile."""
        newest = database.newest()
        noted = database.noted(self.cluster)
        before = noted if self.options.warehouse_host else database.ask(self.cluster).version
        if before == newest and not self.options.warehouse_host:
            database.note(self.cluster, newest)
            return f"version {newest}"
        if before and before != newest:
            self.gate.close(running)
        jobs.run(self.cluster, "migrate", self.inputs(running.results), self.watch, running)
        database.note(self.cluster, newest)
        return f"version {newest}" + (f", was {before}" if before and before != newest else "")

    def _dags(self, running: Running) -> str:
        self.cluster.apply(self._held_back)
        made = self.dags_map(self.inputs(running.results).secrets)
        done = dags.provide(self.cluster, made, running)
        self.gate.open_with(made["data"]["platform.json"], running)
        return done

    def inputs(self, results: Mapping[str, Any]) -> Inputs:
        """What the values of releases are computed from, with the results of these steps."""
        return Inputs(self.options, self.image, self.receivers, results)

    def _release(self, release: Release, newest: Revision | None, running: Running) -> str:
        return releases.provide(self.cluster, release, self.inputs(running.results), newest, self.watch, running)

    def _airflow(self, release: Release, newest: Revision | None, running: Running) -> str:
        inputs = self.inputs(running.results)
        again = newest is not None and self._airflow_needs_its_job(running)
        return releases.provide(self.cluster, release, inputs, newest, self.watch, running, again=again)

    def _airflow_needs_its_job(self, running: Running) -> bool:
        """Whether its tables are missing or of another version, or its admin cannot log in."""
        running.note("asking Airflow")
        wanted = images.tag_of(versions().images["airflow"])
        if not self.options.warehouse_host and database.ask(self.cluster).airflow != wanted:
            return True
        try:
            with airflow.Airflow(self.cluster):
                return False
        except AccessError:
            return True
        except PlatformError:  # it is down, or not ready: that is seen elsewhere
            return False

    def _remove(self, release: Release, running: Running) -> str:
        running.note("no longer wanted")
        helm.uninstall(self.cluster, *release.key)
        if release.has_own_namespace:
            self._delete([paths.MANIFESTS / f"{release.name}.yaml"])
        return "removed"
