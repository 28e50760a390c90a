"""What a DAG declares: the steps of a source, each one call of `etl`, and how `etl` is called for them."""

from __future__ import annotations

from dataclasses import dataclass

import consent
import extraction
import interval

DESTINATION = "--destination"  # the option of `etl`


@dataclass(frozen=True)
class Step:
    """One task, and its pod or, if several `parts` share an extraction, a pod for each.

    `command`: of `etl`; also the task's id. `memory`: of each pod; pods.py has that of Spark's driver.
    """

    command: str
    memory: str = "256Mi"
    parts: int = 1
    on_spark: bool = False

    @property
    def asks_the_api(self) -> bool:
        """Whether its pods send requests to the source's API."""
        return self.command in ("check", "extract")

    @property
    def asks_enrichment(self) -> bool:
        """Whether its pods have pictures described or shown, in a DAG that does."""
        return self.asks_the_api or self.command == "pictures"

    @property
    def needs_lake(self) -> bool:
        """Whether its pods need the lake's volume. `check` does not use the lake, and Spark's lake is on S3."""
        return self.command != "check" and not self.on_spark


@dataclass(frozen=True)
class Pipeline:
    """The steps of a source, in their order. Without a step `transform`, `extract` does its work.

    `by_days`: the API is asked for days; otherwise it serves its whole state, and days narrow what is published.
    `destination`: what `etl` publishes into, unless it is the warehouse.
    """

    source: str
    steps: tuple[Step, ...]
    by_days: bool = False
    destination: str | None = None

    @property
    def extracts_only(self) -> bool:
        """Whether `extract` leaves transforming to a later step."""
        return "transform" in {step.command for step in self.steps}

    def arguments(self, step: Step) -> list[list[str]]:
        """For each pod of a step, the arguments of `etl`: templates, of which a pod drops those that end up blank."""
        if step.command == "pictures":
            return [["pictures", "--send"]]  # of all that is published
        same = [step.command, self.source, *self._options(step.command)]
        if step.on_spark:
            same += ["--engine", "spark"]
        if self.destination and step.command != "transform":
            same += [DESTINATION, self.destination]
        if step.parts == 1:
            return [same]
        return [[*same, "--part", f"{number}/{step.parts}"] for number in range(1, step.parts + 1)]

    def _options(self, command: str) -> list[str]:
        named = [extraction.OPTION, extraction.ID]
        if command == "check":
            return [*interval.ARGUMENTS]
        if command == "publish":
            return [consent.ARGUMENT, *named]
        if command != "extract":
            return named  # an extraction knows its days
        days = interval.arguments_until(extraction.DAY, always=self.by_days)
        return [*([] if self.extracts_only else ["--transform"]), *days, *named]
