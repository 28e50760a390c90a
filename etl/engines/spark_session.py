"""Starts Spark for one command; forwards its output to our log and translates its errors."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.core import errors
from etl.core.errors import ConfigError, PlatformError, TransientError
from etl.settings import SparkSettings
from etl.telemetry.logs import log

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA = 17  # the oldest that Spark 4 runs on
GET_JAVA = "Install Java 17 or newer (Debian: apt install default-jre-headless), or set JAVA_HOME."
LOGGING = Path(__file__).with_name("spark_log4j2.properties")
END_WITHIN_S = 10
OPTIONS = {
    "spark.app.name": "etl",
    "spark.sql.ansi.enabled": "true",  # as in Postgres, an invalid value is an error rather than null
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.leafNodeDefaultParallelism": "1000",  # one Spark task per unit of work or file, up to this many
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
LOOPBACK = "127.0.0.1"
ON_THIS_MACHINE = {"spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK}

_SAID = re.compile(r"spark-says (\S+) (.*)")
_OURS = re.compile(r"\bTaskError: (\{.*\})$", re.MULTILINE)
_WHAT_CLASS = re.compile(r'^(?:Caused by: )?(?:Exception in thread "\w+" )?(?:: )?(?:(?:[\w$]+\.)+[\w$]+: )?')
_TRACE = re.compile(r"(?::? *[\w .]*)?: Traceback \(most recent call last\):$")
_PYTHON = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception|Exit)\b.*)$", re.MULTILINE)


class TaskError(Exception):
    """A PlatformError on its way from a task to the driver, through Java, which keeps nothing but its text."""


@contextmanager
def session(settings: SparkSettings) -> Iterator[SparkSession]:
    """Spark, for as long as the block lasts; inside such a block, a session of the same Spark.

    Raises: ConfigError if pyspark or a suitable Java is missing, or if the settings are wrong.
    """
    try:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"This installation has no {error.name}, which the Spark engine needs.",
            hint="pip install data-platform-etl[spark], or leave out --engine spark.",
        ) from error
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running.newSession()
        return
    _require_java(os.environ)
    with tempfile.TemporaryDirectory(prefix="spark-", ignore_cleanup_errors=True) as folder, _jvm(settings, folder):
        with our_errors():
            found = SparkSession(SparkContext.getOrCreate())
        try:
            yield found
        finally:
            with suppress(Exception):  # we are done; a failure to stop no longer matters
                found.stop()


@contextmanager
def _jvm(settings: SparkSettings, folder: str) -> Iterator[None]:
    """A JVM that runs Spark, registered with pyspark; ended with the block."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # otherwise any python3 might run the tasks
    if settings.master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)  # otherwise this machine's name would have to resolve
        os.environ.setdefault("SPARK_LOCAL_HOSTNAME", LOOPBACK)
    conf = SparkConf(loadDefaults=False)
    for name, value in options(settings, folder).items():
        conf.set(name, value)
    read, write = os.pipe()
    output = OutputReader(read)
    output.start()
    try:
        gateway = launch_gateway(conf, {"stdout": write, "stderr": write})  # type: ignore[no-untyped-call]
    except Exception as error:
        os.close(write)
        output.join(END_WITHIN_S)
        raise _does_not_start(settings, output.reason()) from error
    os.close(write)
    try:
        try:
            SparkContext(conf=conf, gateway=gateway)
        except Exception as error:
            raise _does_not_start(settings, _first_line(error)) from error
        yield
    finally:
        SparkContext._gateway = SparkContext._jvm = None
        _end(gateway)


def options(settings: SparkSettings, folder: str) -> dict[str, str]:
    """Spark's configuration; anything not set here may be set in its own spark-defaults.conf."""
    places = {"spark.local.dir": folder, "spark.sql.warehouse.dir": f"{folder}/warehouse"}
    logging = f"-Dlog4j2.configurationFile={LOGGING.as_uri()}"  # executors run the same image, so the path is the same
    java = {
        "spark.driver.extraJavaOptions": f"{logging} -Djava.io.tmpdir={folder}",
        "spark.executor.extraJavaOptions": logging,
    }
    here = ON_THIS_MACHINE if settings.master.startswith("local") else {}
    own = {"spark.master": settings.master, "spark.driver.memory": settings.memory}
    return OPTIONS | own | places | java | here


def _end(gateway: Any) -> None:
    with suppress(Exception):
        gateway.shutdown()
    process = gateway.proc
    process.stdin.close()  # it waits for this
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class OutputReader(threading.Thread):
    """Reads what the JVM and the tasks write to stdout and stderr; Spark's own lines go to the log."""

    def __init__(self, file: int) -> None:
        super().__init__(name="spark-output", daemon=True)
        self._file = file
        self._lines: deque[str] = deque(maxlen=50)

    def run(self) -> None:
        with open(self._file, encoding="utf-8", errors="replace") as lines:  # noqa: PTH123 - no path: a pipe
            for line in lines:
                self._lines.append(line.strip())
                said = _SAID.match(line)
                if said:
                    log.info("spark says", level_there=said[1].lower(), said=_TRACE.sub("", said[2]))
                else:
                    log.debug("spark says", said=line.rstrip())

    def reason(self) -> str:
        """The line that best explains why it ended."""
        lines = [line for line in self._lines if line and not line.startswith(("at ", "WARNING: "))]
        named = [line for line in lines if "rror" in line or "xception" in line]
        caused = [line for line in lines if line.startswith("Caused by: ")]
        return _first_line((caused[-1:] or named or lines or ["it ended without a message"])[0])


def _require_java(environ: Mapping[str, str]) -> None:
    """Raises: ConfigError unless there is a Java that is new enough; looks where Spark looks."""
    home = environ.get("JAVA_HOME")
    java = shutil.which(f"{home}/bin/java" if home else "java")
    if java is None:
        where = f"at JAVA_HOME={home}" if home else "on the PATH"
        raise ConfigError(f"There is no Java {where}, which the Spark engine needs.", hint=GET_JAVA)
    version = subprocess.run([java, "-version"], capture_output=True, encoding="utf-8", check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', version)
    if found is None:
        raise ConfigError(f"{java} is not a working Java: {_first_line(version)}.", hint=GET_JAVA)
    if int(found[1]) < JAVA:
        raise ConfigError(f"{java} is Java {found[1]}, too old for the Spark engine.", hint=GET_JAVA)


def _does_not_start(settings: SparkSettings, why: str) -> PlatformError:
    return ConfigError(
        f"Spark does not start on {settings.master}: {why}.",
        hint="Check ETL_SPARK__MASTER and ETL_SPARK__MEMORY, and whether that master can be reached from here.",
    )


@contextmanager
def errors_to_driver() -> Iterator[None]:
    """In a task: pass a PlatformError on to the driver. Raises: TaskError."""
    try:
        yield
    except PlatformError as error:
        fields = {"name": type(error).__name__, "message": error.message, "hint": error.hint}
        raise TaskError(json.dumps(fields)) from None


@contextmanager
def our_errors() -> Iterator[None]:
    """In the driver: turn the failure of a job into one of our errors. Raises: PlatformError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, ParseException, PySparkException, PythonException

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        text = str(error)
        ours = _OURS.search(text)
        if ours:
            raise _from_task(json.loads(ours[1])) from None
        if isinstance(error, AnalysisException | ParseException):
            raise _bug(f"Spark does not understand a statement: {_first_line(text)}") from error
        if isinstance(error, PythonException) and (raised := _PYTHON.findall(text)):
            raise _bug(f"A task failed: {raised[-1]}") from error
        raise TransientError(
            f"Spark gave up: {_cause(text)}.",
            hint="Run the same command again; if memory was short, with a larger ETL_SPARK__MEMORY.",
        ) from error


def _from_task(fields: dict[str, str]) -> PlatformError:
    kind: type[PlatformError] = getattr(errors, fields["name"])
    return kind(fields["message"], hint=fields["hint"])


def _bug(what: str) -> PlatformError:
    return PlatformError(
        f"This is a bug: {what.rstrip('.')}.", hint="Run with `etl --debug …` and report what it shows."
    )


def _cause(text: str) -> str:
    """The most informative line of a Java error."""
    caused = re.findall(r"^Caused by: (?:[\w.$]+: )?(.+)$", text, re.MULTILINE)
    lost = re.findall(r"Lost task [^\n]*?\): ([^\n]+)", text)
    return _first_line((lost or caused or [text])[-1])


def _first_line(what: object) -> str:
    """The first meaningful line of a Java or Python exception, without a final dot."""
    lines = [line.strip() for line in str(what).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith("An error occurred while calling")]
    line = (telling or lines or [type(what).__name__])[0]
    return _WHAT_CLASS.sub("", line).rstrip(".")
