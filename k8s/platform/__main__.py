"""The verbs. `make` hands its variables on as environment variables: CLUSTER=kind, YES=1, SIMULATE=1 and so on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from etl.core.errors import PlatformError
from k8s.platform.options import Options

FOLDER = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def platform() -> None:
    """Install and use the platform on Kubernetes. Every option is a variable of `make`, too: make up CLUSTER=kind."""


cluster_option = click.option(
    "--cluster", envvar="CLUSTER", default="", help="kind, or a context of your kubeconfig. Default: the current one."
)
yes_option = click.option("--yes", envvar="YES", is_flag=True, help="Ask nothing.")


@platform.command()
@cluster_option
@yes_option
@click.option("--image-tool", envvar="IMAGE_TOOL", default="docker", show_default=True, help="docker or buildah.")
@click.option("--image-load", envvar="IMAGE_LOAD", default="", help="Command that brings an archive to the nodes.")
@click.option("--image-registry", envvar="IMAGE_REGISTRY", default="", help="Push the image there instead.")
@click.option("--charts", envvar="CHARTS", type=FOLDER, help="Folder with charts, instead of the published ones.")
@click.option("--simulate", envvar="SIMULATE", is_flag=True, help="Extract from the built-in simulator.")
@click.option("--object-store", envvar="OBJECT_STORE", is_flag=True, help="Keep the lake in an S3 in the cluster.")
@click.option("--logs", envvar="LOGS", is_flag=True, help="Keep logs of all pods for a week, for Grafana.")
@click.option("--spark", envvar="SPARK", is_flag=True, help="Let DAG sensors_spark run on Spark; needs a lake on S3.")
@click.option("--environment", envvar="ENVIRONMENT", default="", help="prod: the values of production.")
@click.option("--warehouse-host", envvar="WAREHOUSE_HOST", default="", help="host[:port] of a database outside.")
@click.option("--warehouse-ca", envvar="WAREHOUSE_CA", type=FOLDER, help="Certificate of that database's authority.")
def up(**options: Any) -> None:
    """Install the platform, or bring it up to date; changes nothing that is as it should be."""
    from k8s.platform.up import up as bring_up

    bring_up(Options(**options))


@platform.command()
@cluster_option
def status(cluster: str) -> None:
    """Releases, the last run, watermarks, volumes; and what to do if something is off."""
    from k8s.platform.status import status as show

    show(cluster)


@platform.command()
@cluster_option
def alerts(cluster: str) -> None:
    """Print each alert with its state, value and runbook."""
    from k8s.platform.alerts import alerts as show

    show(cluster)


@platform.command()
@cluster_option
def credentials(cluster: str) -> None:
    """Print where to log in, and as whom."""
    from k8s.platform.credentials import credentials as show

    show(cluster)


@platform.command()
@cluster_option
def ui(cluster: str) -> None:
    """Airflow, Grafana, Prometheus and Alertmanager at this machine's ports, until Ctrl-C."""
    from k8s.platform.ui import ui as forward

    forward(cluster)


@platform.command(context_settings={"ignore_unknown_options": True})
@cluster_option
@click.option("--role", envvar="ROLE", default="analyst", show_default=True, help="Role to log in as.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(cluster: str, role: str, arguments: tuple[str, ...]) -> None:
    """Open psql on the warehouse; further arguments go to psql."""
    from k8s.platform.psql import psql as open_shell

    sys.exit(open_shell(cluster, role, arguments))


@platform.command()
@cluster_option
@click.option("--dag", envvar="DAG", default="spacex", show_default=True, help="Named as its source.")
@click.option("--start-date", envvar="START_DATE", default="", help="First day, UTC. Default: all, or what is new.")
@click.option("--end-date", envvar="END_DATE", default="", help="First day that is left out.")
def trigger(cluster: str, dag: str, start_date: str, end_date: str) -> None:
    """Run a DAG and follow it; the exit code tells how it ended."""
    from k8s.platform.trigger import trigger as run_dag

    run_dag(cluster, dag, start_date, end_date)


@platform.command()
@cluster_option
def down(cluster: str) -> None:
    """Uninstall everything; the data stays."""
    from k8s.platform.down import down as take_down

    take_down(cluster)


@platform.command()
@cluster_option
@yes_option
def destroy(cluster: str, yes: bool) -> None:
    """Remove everything, the data as well, after asking."""
    from k8s.platform.down import destroy as remove

    remove(cluster, yes=yes)


def main() -> NoReturn:
    """Run; every error ends in one line, a hint and the exit code of its kind."""
    try:
        platform.main(prog_name="python -m k8s.platform", standalone_mode=False)
    except PlatformError as error:
        _end(error.message, error.hint, error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(os.EX_USAGE)
    except click.ClickException as error:
        _end(error.format_message(), "`make` lists the verbs and their variables.", os.EX_USAGE)
    except (click.Abort, KeyboardInterrupt):
        _end("Interrupted.", "Run the same command again: it goes on where it stopped.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if os.environ.get("DEBUG"):
            raise
        _end(
            f"This is a bug: {type(error).__name__}: {error}",
            "Run it with DEBUG=1 and report what it shows.",
            os.EX_SOFTWARE,
        )
    sys.exit(0)


def _end(message: str, hint: str, code: int) -> NoReturn:
    message = message.strip()
    print(f"error: {message}{'' if message.endswith(('.', '?', '!', '…')) else '.'}\nhint: {hint}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
