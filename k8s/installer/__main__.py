"""The command line. `make` passes its variables on as environment variables: CLUSTER=kind, YES=1, SIMULATE=1 …"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from etl.core.errors import PlatformError
from k8s.installer import environments
from k8s.installer.install.options import Options

FILE = click.Path(path_type=Path)
Verb = Callable[..., None]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--environment", envvar="ENVIRONMENT", default="", help="A file of k8s/environments/: dev, prod, …")
@click.pass_context
def installer(context: click.Context, environment: str) -> None:
    """Install and use the platform on Kubernetes. Each option is also a variable of `make`: make up CLUSTER=kind."""
    if environment:
        context.default_map = environments.defaults(environment, installer.commands)


cluster_option = click.option(
    "--cluster", envvar="CLUSTER", default="", help="kind, or a context of your kubeconfig. Default: the current one."
)
image_tool_option = click.option(
    "--image-tool", envvar="IMAGE_TOOL", default="docker", show_default=True, help="docker or buildah."
)
yes_option = click.option("--yes", envvar="YES", is_flag=True, help="Skip confirmation prompts.")


WHAT_TO_INSTALL = (
    click.option("--image-registry", envvar="IMAGE_REGISTRY", default="", help="Pull images from this registry."),
    click.option("--charts", envvar="CHARTS", type=FILE, help="Folder with charts, instead of published ones."),
    click.option("--simulate", envvar="SIMULATE", is_flag=True, help="Extract from simulators, not from the internet."),
    click.option("--object-store", envvar="OBJECT_STORE", is_flag=True, help="Keep the lake on S3, in the cluster."),
    click.option("--lake-url", envvar="LAKE_URL", default="", help="Keep the lake in this bucket: s3://bucket/prefix."),
    click.option("--pods-role", envvar="PODS_ROLE", default="", help="Role of AWS that ETL pods take (IRSA)."),
    click.option(
        "--task-logs", envvar="TASK_LOGS", default="", help="Keep Airflow's task logs here: s3://bucket/prefix."
    ),
    click.option("--task-logs-role", envvar="TASK_LOGS_ROLE", default="", help="Role of AWS for that (IRSA)."),
    click.option("--host", envvar="HOST", default="", help="Serve airflow.HOST and grafana.HOST by an ingress."),
    click.option("--ingress-class", envvar="INGRESS_CLASS", default="", help="Its class: traefik, nginx, alb …"),
    click.option(
        "--ingress-certificate",
        envvar="INGRESS_CERTIFICATE",
        default="",
        help="A ClusterIssuer of cert-manager; for alb, the ARN of a certificate in ACM.",
    ),
    click.option(
        "--ingress-from", envvar="INGRESS_FROM", default="", help="Namespace or network of the ingress controller."
    ),
    click.option("--logs", envvar="LOGS", is_flag=True, help="Keep the logs of all pods for a week, for Grafana."),
    click.option("--spark", envvar="SPARK", is_flag=True, help="Add DAG sensors_spark; needs a lake on S3."),
    click.option("--enrichment", envvar="ENRICHMENT", is_flag=True, help="Add the service that describes pictures."),
    click.option("--values", default="", help="prod adds the values for production; ENVIRONMENT=prod sets it."),
    click.option("--warehouse", envvar="WAREHOUSE", default="postgres", help="postgres, or cnpg: one that fails over."),
    click.option("--warehouse-host", envvar="WAREHOUSE_HOST", default="", help="host[:port] of an external database."),
    click.option("--warehouse-ca", envvar="WAREHOUSE_CA", type=FILE, help="File: certificate of its authority."),
)


def what_to_install(command: Verb) -> Verb:
    """The options that decide what is installed, for every verb that installs or describes it."""
    for option in reversed(WHAT_TO_INSTALL):
        command = option(command)
    return command


@installer.command()
@cluster_option
@yes_option
@image_tool_option
@click.option("--image-load", envvar="IMAGE_LOAD", default="", help="Command that loads an archive into the nodes.")
@what_to_install
def up(**options: Any) -> None:
    """Install the platform, or bring it up to date. What is up to date is left alone."""
    from k8s.installer.verbs.up import up as verb

    verb(Options(**options))


@installer.command()
@image_tool_option
@what_to_install
def push(**options: Any) -> None:
    """Build the images and push them to IMAGE_REGISTRY; no cluster is needed."""
    from k8s.installer.verbs.export import push_images

    push_images(Options(**options))


@installer.command()
@cluster_option
@yes_option
@what_to_install
def secrets(**options: Any) -> None:
    """Create the namespaces and the Secrets that are missing in them, before another tool installs the rest."""
    from k8s.installer.verbs.export import create_secrets

    create_secrets(Options(**options))


@installer.command()
@cluster_option
@click.option("--repository", default="", help="URL of the Git repository that the folder is in, for Argo CD.")
@click.option("--like", type=FILE, help="Folder of an export whose images are to be the same, digest by digest.")
@click.option("--tags", is_flag=True, help="Name images by tags only, and ask no registry for their digests.")
@image_tool_option
@what_to_install
@click.argument("folder", type=FILE)
def export(folder: Path, repository: str, like: Path | None, tags: bool, **options: Any) -> None:
    """Write what `up` would install as a folder for helmfile, Argo CD, or helm and kubectl. It contains no secret."""
    from k8s.installer.verbs.export import export as verb

    verb(folder, repository, Options(**options), like=like, tags=tags)


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
    """Forward Airflow, Grafana, Prometheus and Alertmanager to local ports, until Ctrl-C."""
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
@click.option("--source", envvar="SOURCE", default="", help="With DAG=backfill: whose days.")
@click.option("--destination", envvar="DESTINATION", default="", help="With DAG=backfill: warehouse, lake or both.")
def trigger(cluster: str, dag: str, **params: str | bool) -> None:
    """Run a DAG and follow it; the exit code is 1 if the run fails."""
    from k8s.installer.verbs.trigger import trigger as verb

    verb(cluster, dag, {name: value for name, value in params.items() if value})


@installer.command()
@cluster_option
@click.option(
    "--to", envvar="TO", default="", help="Name of a nightly backup. Without this and AT: list what there is."
)
@click.option("--at", envvar="AT", default="", help="A moment (2026-11-21T09:59:00Z) or newest, with WAREHOUSE=cnpg.")
@click.option("--folder", envvar="FOLDER", default="", help="The archive of a server before this one.")
@click.option("--database", envvar="DATABASE", default="warehouse", show_default=True, help="warehouse or airflow.")
@click.option("--table", envvar="TABLE", default="", help="Replace this table only, such as silver.spacex_launches.")
@click.option("--replace", envvar="REPLACE", is_flag=True, help="Put it in the place of today's, which is kept.")
@click.option("--forget", envvar="FORGET", is_flag=True, help="Drop what was restored beside.")
def restore(cluster: str, **options: Any) -> None:
    """Restore beside what is there, and show the differences; with REPLACE=1 or TABLE=…, in its place."""
    from k8s.installer.verbs.restore import Wish
    from k8s.installer.verbs.restore import restore as verb

    verb(cluster, Wish(**options))


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
