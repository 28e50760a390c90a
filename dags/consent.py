"""A person's consent to what publishing would lose."""

from __future__ import annotations

from airflow.sdk import Param

PARAMS = {
    "accept_loss": Param(
        False,
        type="boolean",
        title="Accept losses",
        description="Publish even if known values become unknown or many rows are gone.",
    ),
}

# The same as an argument of `etl publish`. A pod drops a blank one.
ARGUMENT = "{{ '--accept-loss' if params.accept_loss else '' }}"
