import os
import signal
import threading

import pytest

from k8s.installer.console import Progress
from k8s.installer.install.releases import RELEASES, SIMULATOR_RELEASE
from k8s.installer.install.steps import Done, Running, Step, StoppedError, execute

BEFORE_RELEASES = {"policies", "secrets", "operator kinds", "image", "dags"}


def step(name: str, *needs: str, log: list[str]) -> Step:
    def action(_running: Running) -> str:
        log.append(name)
        return "done"

    return Step(name, needs, action)


def test_a_step_runs_after_what_it_needs() -> None:
    log: list[str] = []
    execute([step("c", "a", "b", log=log), step("b", "a", log=log), step("a", log=log)], Progress())
    assert log == ["a", "b", "c"]


def test_steps_that_do_not_need_each_other_run_in_parallel() -> None:
    together = threading.Barrier(2, timeout=60)

    def meet(_running: Running) -> str:
        together.wait()
        return "met"

    execute([Step("a", (), meet), Step("b", (), meet)], Progress())


def test_a_step_sees_the_results_of_what_it_needs_and_of_nothing_else() -> None:
    seen: dict[str, object] = {}

    def look(running: Running) -> str:
        seen.update(running.results)
        return "looked"

    first, other = Step("a", (), lambda _: Done("made", 42)), Step("b", (), lambda _: Done("made", 43))
    execute([first, other, Step("c", ("a",), look), Step("d", ("c",), lambda _: "")], Progress())
    assert seen == {"a": 42}


def test_an_error_stops_waiting_steps_and_those_not_yet_started(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []

    def fails(_running: Running) -> str:
        raise ValueError("broken")

    def waits(running: Running) -> str:
        running.pause(60)
        return "never"

    with pytest.raises(ValueError, match="broken"):
        execute([Step("bad", (), fails), Step("slow", (), waits), step("later", "bad", log=log)], Progress())
    assert log == []
    said = capsys.readouterr().out
    assert "✗ bad" in said
    assert "- slow" in said


def test_the_second_half_of_a_switch_follows_the_first_even_after_a_failure_elsewhere() -> None:
    log: list[str] = []

    def fails(_running: Running) -> str:
        raise ValueError("broken")

    def first_half(running: Running) -> str:
        with pytest.raises(StoppedError):
            running.pause(60)
        return "migrated"

    def second_half(running: Running) -> str:
        running.pause(0)
        log.append("switched")
        return "switched"

    halves = [Step("first", (), first_half), Step("second", ("first",), second_half, follows=True)]
    with pytest.raises(ValueError, match="broken"):
        execute([*halves, step("later", "first", log=log), Step("bad", (), fails)], Progress())
    assert log == ["switched"]


def test_the_second_half_does_not_follow_a_first_half_that_failed() -> None:
    log: list[str] = []

    def fails(_running: Running) -> str:
        raise ValueError("broken")

    second = Step("second", ("first",), lambda _: log.append("switched") or "", follows=True)  # type: ignore[func-returns-value]
    with pytest.raises(ValueError, match="broken"):
        execute([Step("first", (), fails), second], Progress())
    assert log == []


def test_ctrl_c_stops_what_waits_and_finishes_a_switch(capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    over = threading.Event()

    def first_half(_running: Running) -> str:
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        assert over.wait(10)
        return "migrated"

    def waits(running: Running) -> str:
        try:
            running.pause(60)
        finally:
            over.set()
        return "never"

    steps = [Step("first", (), first_half), Step("slow", (), waits), step("later", "first", log=log)]
    second = Step("second", ("first",), lambda _: log.append("switched") or "", follows=True)  # type: ignore[func-returns-value]
    with pytest.raises(KeyboardInterrupt):
        execute([*steps, second], Progress())
    assert log == ["switched"]
    assert "- slow" in capsys.readouterr().out


@pytest.mark.parametrize("needs", [("b",), ("nobody",)])
def test_a_plan_that_cannot_work_is_refused(needs: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="steps that"):
        execute([Step("a", needs, lambda _: ""), Step("b", ("a",), lambda _: "")], Progress())


def test_airflow_waits_for_its_database_but_monitoring_for_no_release() -> None:
    needs = {release.name: set(release.needs) for release in (*RELEASES, SIMULATOR_RELEASE)}
    assert "warehouse" in needs["airflow"]
    assert "warehouse" in needs["postgres-exporter"]
    for name in ("kube-prometheus-stack", "statsd-exporter", "simulator"):
        assert needs[name] <= BEFORE_RELEASES


def test_a_release_with_a_service_monitor_waits_for_the_resource_definitions_of_the_operator() -> None:
    for release in RELEASES:
        if release.name.endswith(("exporter", "stack")):
            assert "operator kinds" in release.needs
