"""`make ui`: Airflow, Grafana, Prometheus and Alertmanager at this machine's ports, until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import threading
from dataclasses import dataclass

from etl.core.errors import ConfigError, PlatformError
from k8s.platform import console, forward, installed
from k8s.platform.cluster import AIRFLOW, MONITORING, Cluster

AGAIN_S = 1.0
LOOK_EVERY_S = 3.0


@dataclass(frozen=True)
class Page:
    """Something to look at with a browser."""

    name: str
    namespace: str
    service: str
    port: int
    local: int


PAGES = (
    Page("Airflow", AIRFLOW, "airflow-api-server", 8080, 8080),
    Page("Grafana", MONITORING, "kube-prometheus-stack-grafana", 80, 3000),
    Page("Prometheus", MONITORING, "kube-prometheus-stack-prometheus", 9090, 9090),
    Page("Alertmanager", MONITORING, "kube-prometheus-stack-alertmanager", 9093, 9093),
)


def ui(cluster_option: str) -> None:
    """Forward the ports of all pages that are installed; a page whose pod restarts comes back by itself."""
    cluster = installed.find(cluster_option)
    pages = [page for page in PAGES if cluster.find("service", page.service, page.namespace)]
    if not pages:
        raise ConfigError("Nothing with a page is installed.", hint="`make up` installs it.")
    over = threading.Event()
    keepers = [Keeper(cluster, page, over) for page in pages]
    for keeper in keepers:
        keeper.start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nobody else would end the forwards
    try:
        console.say("Users and passwords: make credentials. Ctrl-C ends this.")
        while not over.wait(3600):
            pass
    except KeyboardInterrupt:
        console.say()
    finally:
        over.set()
        for keeper in keepers:
            keeper.end()


class Keeper(threading.Thread):
    """Keeps one forward alive: kubectl is bound to one pod, and ends with the first connection after that pod's end."""

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
                self._say(f"{page.name:<12} not yet: {error.message}")
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
