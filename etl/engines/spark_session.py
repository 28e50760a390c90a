"""Starting Spark for one command, and what it says: as lines of our log and as our errors."""

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
    "spark.sql.ansi.enabled": "true",  # as Postgres: what is wrong fails rather than becoming null
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.leafNodeDefaultParallelism": "1000",  # a task for each work and each file, up to so many
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
def session(knobs: SparkSettings) -> Iterator[SparkSession]:
    """Spark, for as long as the block lasts; inside such a block, a session of the same Spark.

    Raises: ConfigError if pyspark or a Java that suits it is missing, or if the settings are wrong.
    """
    try:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"This installation has no {error.name}, which the engine spark needs.",
            hint="pip install data-platform-etl[spark], or leave out --engine spark.",
        ) from error
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running.newSession()
        return
    _require_java(os.environ)
    with tempfile.TemporaryDirectory(prefix="spark-", ignore_cleanup_errors=True) as folder, _jvm(knobs, folder):
        with told_for_people():
            found = SparkSession(SparkContext.getOrCreate())
        try:
            yield found
        finally:
            with suppress(Exception):  # whoever is ending does not care how well Spark ends
                found.stop()


@contextmanager
def _jvm(knobs: SparkSettings, folder: str) -> Iterator[None]:
    """A JVM that runs Spark, known to pyspark as the one to talk to; gone in the end."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else any python3 would run the tasks
    if knobs.master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)  # else this machine's name would have to be known to a DNS
        os.environ.setdefault("SPARK_LOCAL_HOSTNAME", LOOPBACK)
    conf = SparkConf(loadDefaults=False)
    for name, value in options(knobs, folder).items():
        conf.set(name, value)
    read, write = os.pipe()
    chatter = Chatter(read)
    chatter.start()
    try:
        gateway = launch_gateway(conf, {"stdout": write, "stderr": write})  # type: ignore[no-untyped-call]
    except Exception as error:
        os.close(write)
        chatter.join(END_WITHIN_S)
        raise _does_not_start(knobs, chatter.why()) from error
    os.close(write)
    try:
        try:
            SparkContext(conf=conf, gateway=gateway)
        except Exception as error:
            raise _does_not_start(knobs, _first_line(error)) from error
        yield
    finally:
        SparkContext._gateway = SparkContext._jvm = None
        _end(gateway)


def options(knobs: SparkSettings, folder: str) -> dict[str, str]:
    """What Spark is told; whatever is not said here may stand in its own spark-defaults.conf."""
    places = {"spark.local.dir": folder, "spark.sql.warehouse.dir": f"{folder}/warehouse"}
    logging = (
        f"-Dlog4j2.configurationFile={LOGGING.as_uri()}"  # executors run the same image, where it has the same place
    )
    java = {
        "spark.driver.extraJavaOptions": f"{logging} -Djava.io.tmpdir={folder}",
        "spark.executor.extraJavaOptions": logging,
    }
    here = ON_THIS_MACHINE if knobs.master.startswith("local") else {}
    told = {"spark.master": knobs.master, "spark.driver.memory": knobs.memory}
    return OPTIONS | told | places | java | here


def _end(gateway: Any) -> None:
    with suppress(Exception):
        gateway.shutdown()
    process = gateway.proc
    process.stdin.close()  # for which it waits
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Chatter(threading.Thread):
    """Reads what the JVM and the tasks write to stdout and stderr; the log gets what Spark itself says in one line."""

    def __init__(self, file: int) -> None:
        super().__init__(name="spark-chatter", daemon=True)
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

    def why(self) -> str:
        """The line that tells most about why it ended."""
        lines = [line for line in self._lines if line and not line.startswith(("at ", "WARNING: "))]
        named = [line for line in lines if "rror" in line or "xception" in line]
        caused = [line for line in lines if line.startswith("Caused by: ")]
        return _first_line((caused[-1:] or named or lines or ["it ended without a word"])[0])


def _require_java(environ: Mapping[str, str]) -> None:
    """Raises: ConfigError unless there is a Java, found as Spark finds it, that is new enough."""
    home = environ.get("JAVA_HOME")
    java = shutil.which(f"{home}/bin/java" if home else "java")
    if java is None:
        where = f"at JAVA_HOME={home}" if home else "on the PATH"
        raise ConfigError(f"There is no Java {where}, which the engine spark needs.", hint=GET_JAVA)
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    if found is None:
        raise ConfigError(f"{java} is no Java that works: {_first_line(told)}.", hint=GET_JAVA)
    if int(found[1]) < JAVA:
        raise ConfigError(f"{java} is Java {found[1]}, too old for the engine spark.", hint=GET_JAVA)


def _does_not_start(knobs: SparkSettings, why: str) -> PlatformError:
    return ConfigError(
        f"Spark does not start on {knobs.master}: {why}.",
        hint="Check ETL_SPARK__MASTER and ETL_SPARK__MEMORY, and whether that master can be reached from here.",
    )


@contextmanager
def carried() -> Iterator[None]:
    """In a task: let a PlatformError arrive at the driver. Raises: TaskError."""
    try:
        yield
    except PlatformError as error:
        told = {"name": type(error).__name__, "message": error.message, "hint": error.hint}
        raise TaskError(json.dumps(told)) from None


@contextmanager
def told_for_people() -> Iterator[None]:
    """In the driver: what became of a job, as an error of ours. Raises: PlatformError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, ParseException, PySparkException, PythonException

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        text = str(error)
        ours = _OURS.search(text)
        if ours:
            raise _arrived(json.loads(ours[1])) from None
        if isinstance(error, AnalysisException | ParseException):
            raise _bug(f"Spark does not understand a statement: {_first_line(text)}") from error
        if isinstance(error, PythonException) and (raised := _PYTHON.findall(text)):
            raise _bug(f"A task failed: {raised[-1]}") from error
        raise TransientError(
            f"Spark gave up: {_cause(text)}.",
            hint="Run the same command again; if memory was short, with a larger ETL_SPARK__MEMORY.",
        ) from error


def _arrived(told: dict[str, str]) -> PlatformError:
    kind: type[PlatformError] = getattr(errors, told["name"])
    return kind(told["message"], hint=told["hint"])


def _bug(what: str) -> PlatformError:
    return PlatformError(
        f"This is a bug: {what.rstrip('.')}.", hint="Run with `etl --debug …` and report what it shows."
    )


def _cause(text: str) -> str:
    """Of what Java says, the line that tells most."""
    caused = re.findall(r"^Caused by: (?:[\w.$]+: )?(.+)$", text, re.MULTILINE)
    lost = re.findall(r"Lost task [^\n]*?\): ([^\n]+)", text)
    return _first_line((lost or caused or [text])[-1])


def _first_line(what: object) -> str:
    """Of an exception of Java's or Python's, its first line that says something, without a dot in the end."""
    lines = [line.strip() for line in str(what).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith("An error occurred while calling")]
    line = (telling or lines or [type(what).__name__])[0]
    return _WHAT_CLASS.sub("", line).rstrip(".")
