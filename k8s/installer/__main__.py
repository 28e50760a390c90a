"""The command line. `make` passes its variables on as environment variables: CLUSTER=kind, YES=1, SIMULATE=1 …"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from etl.core.errors import PlatformError
from k8s.installer.install.options import Options

FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def installer() -> None:
    """Install and use the platform on Kubernetes. Each option is also a variable of `make`: make up CLUSTER=kind."""


cluster_option = click.option(
    "--cluster", envvar="CLUSTER", default="", help="kind, or a context of your kubeconfig. Default: the current one."
)
yes_option = click.option("--yes", envvar="YES", is_flag=True, help="Skip confirmation prompts.")


@installer.command()
@cluster_option
@yes_option
@click.option("--image-tool", envvar="IMAGE_TOOL", default="docker", show_default=True, help="docker or buildah.")
@click.option("--image-load", envvar="IMAGE_LOAD", default="", help="Command that loads an archive into the nodes.")
@click.option("--image-registry", envvar="IMAGE_REGISTRY", default="", help="Push images to this registry instead.")
@click.option("--charts", envvar="CHARTS", type=FILE, help="Folder with charts to use instead of published ones.")
@click.option("--simulate", envvar="SIMULATE", is_flag=True, help="Extract from simulators instead of the internet.")
@click.option("--object-store", envvar="OBJECT_STORE", is_flag=True, help="Keep the lake on S3, inside the cluster.")
@click.option("--logs", envvar="LOGS", is_flag=True, help="Keep the logs of all pods for a week, for Grafana.")
@click.option("--spark", envvar="SPARK", is_flag=True, help="Add DAG sensors_spark; needs a lake on S3.")
@click.option("--enrichment", envvar="ENRICHMENT", is_flag=True, help="Add the service that describes pictures.")
@click.option("--environment", envvar="ENVIRONMENT", default="", help="prod adds the values for production.")
@click.option("--warehouse-host", envvar="WAREHOUSE_HOST", default="", help="host[:port] of an external database.")
@click.option("--warehouse-ca", envvar="WAREHOUSE_CA", type=FILE, help="File: certificate of its authority.")
def up(**options: Any) -> None:
    """Install the platform, or bring it up to date. What is up to date is left alone."""
    from k8s.installer.verbs.up import up as verb

    verb(Options(**options))


@installer.command()
@cluster_option
def status(cluster: str) -> None:
    """Show releases, last runs, watermarks and volumes. If something is wrong, say what to do."""
    from k8s.installer.verbs.status import status as verb

    verb(cluster)


@installer.command()
@cluster_option
def alerts(cluster: str) -> None:
    """Print each alert with its state, value and runbook."""
    from k8s.installer.verbs.alerts import alerts as verb

    verb(cluster)


@installer.command()
@cluster_option
def credentials(cluster: str) -> None:
    """Print where to log in, with users and passwords."""
    from k8s.installer.verbs.credentials import credentials as verb

    verb(cluster)


@installer.command()
@cluster_option
def ui(cluster: str) -> None:
    """Forward the web pages to local ports, until Ctrl-C. They are those of Airflow, Grafana and Prometheus."""
    from k8s.installer.verbs.ui import ui as verb

    verb(cluster)


@installer.command(context_settings={"ignore_unknown_options": True})
@cluster_option
@click.option("--role", envvar="ROLE", default="analyst", show_default=True, help="Role to log in as.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(cluster: str, role: str, arguments: tuple[str, ...]) -> None:
    """Open psql on the warehouse. Further arguments are passed to psql."""
    from k8s.installer.verbs.psql import psql as verb

    sys.exit(verb(cluster, role, arguments))


@installer.command()
@cluster_option
@click.option("--dag", envvar="DAG", default="spacex", show_default=True, help="Name of the DAG.")
@click.option("--start-date", envvar="START_DATE", default="", help="Start date, UTC. Default: all, or what is new.")
@click.option("--end-date", envvar="END_DATE", default="", help="End date, exclusive.")
@click.option("--accept-loss", envvar="ACCEPT_LOSS", is_flag=True, help="Publish even if known values are lost.")
def trigger(cluster: str, dag: str, start_date: str, end_date: str, accept_loss: bool) -> None:
    """Run a DAG and follow it; the exit code is 1 if the run fails."""
    from k8s.installer.verbs.trigger import trigger as verb

    params: dict[str, str | bool] = {"start_date": start_date, "end_date": end_date, "accept_loss": accept_loss}
    verb(cluster, dag, {name: value for name, value in params.items() if value})


@installer.command()
@cluster_option
def down(cluster: str) -> None:
    """Uninstall everything; the data stays."""
    from k8s.installer.verbs.down import down as verb

    verb(cluster)


@installer.command()
@cluster_option
@yes_option
def destroy(cluster: str, yes: bool) -> None:
    """Remove everything, including the data, after asking."""
    from k8s.installer.verbs.down import destroy as verb

    verb(cluster, yes=yes)


def main() -> NoReturn:
    """Run; every error ends in one line, a hint and an exit code."""
    try:
        installer.main(prog_name="python -m k8s.installer", standalone_mode=False)
    except PlatformError as error:
        _end(error.message, error.hint, error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(os.EX_USAGE)
    except click.ClickException as error:
        _end(error.format_message(), "`make` lists the verbs and their variables.", os.EX_USAGE)
    except (click.Abort, KeyboardInterrupt):
        _end("Interrupted.", "Run the same command again: it resumes where it stopped.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if os.environ.get("DEBUG"):
            raise
        _end(
            f"This is a bug: {type(error).__name__}: {error}",
            "Run it with DEBUG=1 and report the output.",
            os.EX_SOFTWARE,
        )
    sys.exit(0)


def _end(message: str, hint: str, code: int) -> NoReturn:
    message = message.strip()
    print(f"error: {message}{'' if message.endswith(('.', '?', '!', '…')) else '.'}\nhint: {hint}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
