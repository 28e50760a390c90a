"""What dags/pod_operator.py relies on though no documentation promises it: it is there, in the locked provider.

Run with `-m nightly`, the same is asked of the newest release, so that an upgrade surprises nobody.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import airflow.providers.cncf.kubernetes as provider
import pytest

from tests.dags.folder import REPOSITORY

PACKAGE = "apache-airflow-providers-cncf-kubernetes"
FOLDER = Path("airflow/providers/cncf/kubernetes")

# By file: the names at its top, and the arguments that we give.
RELIES_ON = {
    "operators/pod.py": {
        "KubernetesPodOperator.build_pod_request_obj": ["context"],  # calls super, and changes name and labels
        "KubernetesPodOperator.execute": ["context"],  # replaced
        "KubernetesPodOperator.on_kill": [],  # deletes self.pod
        "KubernetesPodOperator.client": [],
        "KubernetesPodOperator.pod_manager": [],
    },
    "utils/pod_manager.py": {
        "PodManager.read_pod": ["pod"],
        "PodManager.delete_pod": ["pod"],
        "PodManager.read_pod_events": ["pod"],
    },
}
# Of the operator, set by its __init__.
ATTRIBUTES = {"pod", "arguments", "base_container_name", "termination_grace_period"}
# Arguments of its __init__, as dags/pods.py gives them.
OPTIONS = {
    *("image", "image_pull_policy", "namespace", "kubernetes_conn_id", "in_cluster", "random_name_suffix", "labels"),
    *("service_account_name", "automount_service_account_token", "security_context", "container_security_context"),
    *("container_resources", "env_from", "env_vars", "volumes", "volume_mounts", "termination_grace_period"),
    *("arguments", "do_xcom_push"),
}


@pytest.fixture(scope="module")
def locked() -> Path:
    return Path(provider.__file__).parent


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newest release, in a folder that nothing imports from."""
    target = tmp_path_factory.mktemp("newest")
    uv = shutil.which("uv")
    pip = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    command = [*pip, "--quiet", "--no-deps", "--upgrade", "--target", str(target), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{PACKAGE} cannot be downloaded: {done.stderr.strip()[-200:]}")
    return target / FOLDER


def functions(file: Path) -> dict[str, ast.FunctionDef]:
    """By name, or by class and name, the functions that a file defines."""
    tree = ast.parse(file.read_text())
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for of in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        found |= {f"{of.name}.{node.name}": node for node in of.body if isinstance(node, ast.FunctionDef)}
    return found


def names(function: ast.FunctionDef) -> list[str]:
    """Of its arguments."""
    given = function.args
    return [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def missing(folder: Path) -> Iterator[str]:
    """What we rely on and a release does not have."""
    for file, wanted in RELIES_ON.items():
        there = functions(folder / file)
        for name, arguments in wanted.items():
            if name not in there:
                yield f"{file}: {name}"
            elif not set(arguments) <= set(names(there[name])):
                yield f"{file}: {name}({', '.join(arguments)})"
    start = functions(folder / "operators/pod.py")["KubernetesPodOperator.__init__"]
    yield from (f"option {name}" for name in OPTIONS - set(names(start)))
    assigned = {node.attr for node in ast.walk(start) if isinstance(node, ast.Attribute)}
    yield from (f"attribute {name}" for name in ATTRIBUTES - assigned)


def test_the_locked_provider_has_what_the_operator_relies_on(locked: Path) -> None:
    assert list(missing(locked)) == []


@pytest.mark.nightly
def test_so_has_the_newest_release(newest: Path) -> None:
    assert list(missing(newest)) == []


def test_the_list_is_complete() -> None:
    """Whatever the operator takes from itself is its own, the base operator's, or on the list."""
    tree = ast.parse((REPOSITORY / "dags" / "pod_operator.py").read_text())
    [operator] = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    used = {
        node.attr
        for node in ast.walk(operator)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "super()")
    }
    own = {node.name for node in operator.body if isinstance(node, ast.FunctionDef)} | {"clock"}
    listed = {name.partition(".")[2] for name in RELIES_ON["operators/pod.py"]} | ATTRIBUTES
    assert used - own - {"dag_id", "task_id", "log"} <= listed
    of_the_manager = {
        node.attr
        for node in ast.walk(operator)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self.pod_manager"
    }
    assert of_the_manager == {name.partition(".")[2] for name in RELIES_ON["utils/pod_manager.py"] if "." in name}


def test_a_release_that_lacks_something_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "operators").mkdir()
    (tmp_path / "utils").mkdir()
    (tmp_path / "operators/pod.py").write_text("class KubernetesPodOperator:\n    def __init__(self): ...\n")
    (tmp_path / "utils/pod_manager.py").write_text("class PodManager:\n    def read_pod(self, name): ...\n")
    found = set(missing(tmp_path))
    assert {"utils/pod_manager.py: PodManager.read_pod(pod)", "operators/pod.py: KubernetesPodOperator.execute"} < found
    assert {"option env_from", "attribute pod"} < found
