"""Keeps pods of runs away while code and tables change together: a run under way waits and continues with the new code.

While the quota of namespace `etl` admits no pod, Airflow tries again later; a pod that is at work is waited for.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress

from etl.core.errors import PlatformError, TransientError
from k8s.installer.cluster.kubectl import AIRFLOW, ETL, Cluster
from k8s.installer.install import dags
from k8s.installer.install.steps import Running

QUOTA = ("resourcequota", "etl", "--namespace", ETL)
PATIENCE_S = 15 * 60  # for a gap between the pods of a run, or its end
LAST_ONES_S = 60  # for pods that were created just before
ARRIVAL_S = 120  # for changed DAGs to reach Airflow: a kubelet may take a minute


class Gate:
    """Open until it is closed; whoever closes it opens it again."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pods = ""  # that the quota admits while the gate is open

    def close(self, running: Running) -> None:
        """As soon as no pod of a run is at work. Raises: TransientError if there always is one."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if busy := self._busy():
                running.note(f"waiting until {busy[0]} has ended")
                running.pause(1)
                continue
            self._pods = self._admitted()
            self._admit("0")
            last = time.monotonic() + LAST_ONES_S
            while (busy := self._busy()) and time.monotonic() < last:
                running.note(f"waiting until {busy[0]} has ended")
                time.sleep(1)
            if not busy:
                return
            self.open()
        raise TransientError(
            "The warehouse must be migrated, and a run has been using it all the time.",
            hint="Nothing in it has changed. Run `make up` again when the run has ended; `make status` shows it.",
        )

    def open_with(self, settings: str, running: Running) -> None:
        """Open it once Airflow's pods read these settings of pods, or have had the time to."""
        until = time.monotonic() + ARRIVAL_S
        while self._pods and time.monotonic() < until and not self._has_arrived(settings):
            running.note("waiting until Airflow has the DAGs")
            time.sleep(1)
        self.open()

    def open(self) -> None:
        """Open it if we have closed it."""
        if self._pods:
            self._admit(self._pods)
            self._pods = ""

    def _busy(self) -> list[str]:
        found = self._cluster.list("pods", ETL)
        return [pod["metadata"]["name"] for pod in found if pod["status"].get("phase") in ("Pending", "Running")]

    def _admitted(self) -> str:
        found = self._cluster.find("resourcequota", "etl", ETL)
        return str((found or {"spec": {"hard": {}}})["spec"]["hard"].get("pods", ""))

    def _admit(self, pods: str) -> None:
        self._cluster.kubectl("patch", *QUOTA, "--type=merge", f"--patch={json.dumps(_hard(pods))}")

    def _has_arrived(self, settings: str) -> bool:
        """Whether every running pod that reads DAGs sees these settings; one that cannot be asked has them later."""
        for pod in self._cluster.list("pods", AIRFLOW):
            if dags.mounts(pod) and pod["status"].get("phase") == "Running":
                with suppress(PlatformError):
                    read = ("exec", pod["metadata"]["name"], "--namespace", AIRFLOW, "--", "cat", dags.SETTINGS)
                    if self._cluster.kubectl(*read) != settings:
                        return False
        return True


def _hard(pods: str) -> dict[str, dict[str, dict[str, str]]]:
    return {"spec": {"hard": {"pods": pods}}}
