"""The two halves of the warehouse chart's Job, run when the server needs them: roles and databases, then migrations.

Airflow needs the first as soon as there is a server. The second is half of a switch: code and tables change together.
"""

from __future__ import annotations

import json
import time
from typing import Literal

from k8s.installer.cluster import helm
from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster, Object
from k8s.installer.install import charts, releases, waiting
from k8s.installer.install.objects import LABELS
from k8s.installer.install.readiness import Watch
from k8s.installer.install.releases import WAREHOUSE, Inputs
from k8s.installer.install.steps import Running

TEMPLATE = "templates/migrations-job.yaml"
Half = Literal["provision", "migrate"]  # a container of the Job
JOBS: tuple[Half, ...] = ("provision", "migrate")


def run(cluster: Cluster, half: Half, inputs: Inputs, watch: Watch, running: Running) -> None:
    """Run it and wait for its end, even if someone interrupts: it would go on without us.

    Raises: NotReadyError, with the last words of its pod.
    """
    running.note(f"etl {half}")
    cluster.kubectl("delete", "job", half, "--namespace", DATA_PLATFORM, "--ignore-not-found")
    cluster.apply([_manifest(cluster, half, inputs)])
    watch.forget(DATA_PLATFORM)
    waiting.until_ready(
        cluster,
        half,
        DATA_PLATFORM,
        lambda snapshot: [one for one in snapshot.items if one["kind"] == "Job" and one["metadata"]["name"] == half],
        watch,
        running,
        expected=(half,),
        pause=time.sleep,
    )


def _manifest(cluster: Cluster, half: Half, inputs: Inputs) -> Object:
    values = WAREHOUSE.values(inputs)
    values["etl"]["job"] = True
    files = releases.value_files(WAREHOUSE, inputs.options.values)
    chart = charts.locate(WAREHOUSE.chart, inputs.options.charts)
    text = helm.template(WAREHOUSE.key, chart, files, values, f"--show-only={TEMPLATE}")
    # kubectl reads YAML, so that we need not
    job: Object = json.loads(cluster.kubectl("create", "--dry-run=client", "--output=json", "--filename=-", stdin=text))
    job["metadata"] = {"name": half, "namespace": DATA_PLATFORM, "labels": {**job["metadata"]["labels"], **LABELS}}
    pod = job["spec"]["template"]["spec"]
    containers = [one for one in (*pod.pop("initContainers"), *pod["containers"]) if one["name"] == half]
    pod["containers"] = containers
    job.pop("status", None)
    return job
