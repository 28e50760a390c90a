"""`make ui`: Airflow, Grafana, Prometheus and Alertmanager on local ports, until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import threading
from dataclasses import dataclass

from etl.core.errors import ConfigError, PlatformError
from k8s.installer import console
from k8s.installer.cluster import airflow, contexts, forward, prometheus
from k8s.installer.cluster.kubectl import AIRFLOW, ENRICHMENT, MONITORING, Cluster

AGAIN_S = 1.0
LOOK_EVERY_S = 3.0


@dataclass(frozen=True)
class Page:
    """A web page of the platform, and the local port it should get."""

    name: str
    namespace: str
    service: str
    port: int
    local: int


PAGES = (
    Page("Airflow", AIRFLOW, airflow.SERVICE, airflow.PORT, 8080),
    Page("Grafana", MONITORING, "kube-prometheus-stack-grafana", 80, 3000),
    Page("Prometheus", MONITORING, prometheus.SERVICE, prometheus.PORT, 9090),
    Page("Alertmanager", MONITORING, "kube-prometheus-stack-alertmanager", 9093, 9093),
    Page("Mosaic", ENRICHMENT, "mosaic", 8765, 8765),
)


def ui(cluster_option: str) -> None:
    """Forward a port to each page that is installed; one whose pod restarts comes back by itself."""
    cluster = contexts.installed(cluster_option)
    pages = [page for page in PAGES if cluster.find("service", page.service, page.namespace)]
    if not pages:
        raise ConfigError("No web page is installed.", hint="`make up` installs it.")
    over = threading.Event()
    keepers = [Keeper(cluster, page, over) for page in pages]
    for keeper in keepers:
        keeper.start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the forwards are ended, too
    try:
        console.say("Users and passwords: make credentials. Press Ctrl-C to stop.")
        while not over.wait(3600):
            pass
    except KeyboardInterrupt:
        console.say()
    finally:
        over.set()
        for keeper in keepers:
            keeper.end()


class Keeper(threading.Thread):
    """Keeps one forward alive: kubectl is bound to a pod, and exits at the first connection after that pod is gone."""

    def __init__(self, cluster: Cluster, page: Page, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._cluster = cluster
        self._page = page
        self._over = over
        self._process: subprocess.Popen[str] | None = None
        self._local = forward.free_port(page.local)
        self._is_announced = False

    def run(self) -> None:
        page = self._page
        while not self._over.is_set():
            try:
                self._process = forward.start(self._cluster, page.namespace, page.service, page.port, self._local)
                self._local = forward.local_port(self._process, page.name)
            except PlatformError as error:
                self._say(f"{page.name:<12} not ready: {error.message}")
            else:
                self._say(f"{page.name:<12} http://localhost:{self._local}")
                self._is_announced = True
                while self._process.poll() is None and not self._over.wait(LOOK_EVERY_S):
                    forward.knock(self._local)
            self._over.wait(AGAIN_S)

    def end(self) -> None:
        """Stop forwarding."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def _say(self, text: str) -> None:
        if not self._is_announced and not self._over.is_set():
            console.say(text)
