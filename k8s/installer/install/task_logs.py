"""Where Airflow keeps the logs of tasks: on the scheduler's volume, or in a bucket, where all components find them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etl.core.errors import ConfigError
from k8s.installer.cluster.kubectl import AIRFLOW, Cluster
from k8s.installer.install.manifests import ROLE
from k8s.installer.install.options import Options

KEYS = "airflow-remote-logs"  # a Secret that people create where no role opens the bucket


def values(options: Options) -> dict[str, Any]:
    """What Airflow's chart is given for a bucket."""
    if not options.task_logs:
        return {}
    role = options.task_logs_role
    logging = {
        "remote_logging": "True",
        "remote_base_log_folder": options.task_logs,
        "remote_log_conn_id": "" if role else "aws_default",
        "delete_local_logs": "True",
    }
    # The scheduler's tasks write logs, and the API server reads them: both by a token of their account, or by keys.
    account = {"serviceAccount": {"annotations": {ROLE: role}}}
    keys = {"envName": "AIRFLOW_CONN_AWS_DEFAULT", "secretName": KEYS, "secretKey": "connection"}
    opened = {"scheduler": account, "apiServer": account} if role else {"secret": [keys]}
    return {"config": {"logging": logging}, **opened}


def are_in_a_bucket(given: Mapping[str, Any]) -> bool:
    """Whether the installed Airflow, by its values, keeps them in one."""
    return "remote_base_log_folder" in given.get("config", {}).get("logging", {})


def require_keys(cluster: Cluster, options: Options) -> None:
    """Raises: ConfigError for a bucket that neither a role nor a Secret opens; pods would wait for the Secret."""
    if options.task_logs and not options.task_logs_role and not cluster.find("secret", KEYS, AIRFLOW):
        raise ConfigError(
            f"Nothing opens {options.task_logs} for Airflow.",
            hint=f"Set TASK_LOGS_ROLE, or put aws://…?region_name=… into a file and "
            f"kubectl -n {AIRFLOW} create secret generic {KEYS} --from-file=connection=FILE",
        )
