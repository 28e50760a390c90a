"""`make up`: from any state to a working platform."""

from __future__ import annotations

import shutil
import signal
import time

from k8s.installer import console
from k8s.installer.cluster import contexts, kind, lease
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.install import diagnosis, lake, plan, preflight, spark, steps, task_logs
from k8s.installer.install.options import Options


def up(options: Options) -> None:
    """Check everything, then install in parallel.

    Raises: PlatformError, after showing what you would look up first.
    """
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as careful an end as after Ctrl-C
    cluster = checked(options)
    planned = plan.Plan(cluster, options)
    console.say("\nInstall")
    plan.create_namespaces(cluster)
    with lease.held(cluster):
        try:
            steps.execute(planned.steps(), console.Progress())
        except diagnosis.NotReadyError as error:
            diagnosis.show(cluster, error.failure, error.lines)
            raise
        finally:
            planned.gate.open()
    console.say(f"\nThe platform is up after {time.monotonic() - begun:.0f} s.")
    console.say("Next: make trigger · make trigger DAG=sensors · make ui · make psql · make credentials · make status")


def checked(options: Options) -> Cluster:
    """The cluster, after every check has passed and the user agreed. Raises: ConfigError, AccessError."""
    console.say("Check")
    tools = preflight.check_tools(options)
    if options.cluster == "kind":
        preflight.show(tools)
        kind.create()
        tools = []
    elif shutil.which("kubectl") is None:
        preflight.show(tools)
    cluster = Cluster(contexts.chosen(options.cluster))
    preflight.show([*tools, *preflight.check_all(cluster, options)])
    if options.spark:
        spark.require_shared(lake.url(cluster, options))
    task_logs.require_keys(cluster, options)
    preflight.require_agreement(cluster.context, options)
    return cluster
