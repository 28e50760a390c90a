"""The one error of the installer's own; the others are the pipeline's."""

from etl.core.errors import PlatformError


class FailedError(PlatformError):
    """The command did its part, and what it installed, ran or checked failed: a release, a DAG run, the platform."""

    exit_code = 1
