"""The model: read without running anything, equal to PyTorch's, silent where it does not know."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enrichment.subjects import model
from enrichment.subjects.build import head, weights
from enrichment.subjects.build.examples import FOLDER, examples
from enrichment.subjects.record import Subject
from tests.conftest import ROOT
from tests.enrichment.pictures import encoded, galaxy

NAMES = ("galaxy", "nebula", model.OTHER)
DEBIANS_PYTHON = os.environ.get("PYTHON_WITH_TORCH", "/usr/bin/python3")


# The weights


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch evil",)


def test_weights_that_would_run_something_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "evil.pth"
    file.write_bytes(pickle.dumps(_Evil()))
    with pytest.raises(weights.WeightsError, match=r"ask for \w+\.system, which no weights need"):
        weights.read(file, hashlib.sha256(file.read_bytes()).hexdigest())


def test_other_weights_than_those_that_were_checked_are_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "other.pth"
    file.write_bytes(pickle.dumps(_Evil()))
    with pytest.raises(weights.WeightsError, match="its SHA-256 differs"):
        weights.read(file)


# The head, on numbers made up


def made_up(per_class: int = 40) -> tuple[head.Floats, head.Indices, list[str]]:
    """Three clouds of embeddings; each group holds pictures of one class."""
    random = np.random.default_rng(1)
    labels = np.repeat(np.arange(3), per_class)
    centres = np.eye(3, 12) * 4
    groups = [f"{label}-{place % 8}" for place, label in enumerate(labels)]
    return centres[labels] + random.normal(size=(len(labels), 12)) + 3, labels, groups


def test_the_head_learns_classes_and_says_how_sure_it_is() -> None:
    embeddings, labels, groups = made_up()
    checked = head.cross_validated(embeddings, labels, groups, NAMES)
    chances = head.probabilities(checked, head.temperature(checked, labels))
    assert (chances.argmax(axis=1) == labels).mean() > 0.9
    sure = chances.max(axis=1) > 0.9
    assert (chances.argmax(axis=1) == labels)[sure].mean() > 0.95
    assert 0.5 <= head.least_probability(chances, labels, other=2) < 0.99


def test_a_group_is_never_in_training_and_test_alike() -> None:
    groups = [f"g{place % 17}" for place in range(200)]
    fold_of = head.folds(groups)
    assert set(fold_of) == set(range(head.FOLDS))
    for group in set(groups):
        assert len({int(fold) for fold, name in zip(fold_of, groups, strict=True) if name == group}) == 1


def test_labels_come_from_the_numbers_in_file_names(tmp_path: Path) -> None:
    folder = tmp_path / "nebulae" / "default"
    folder.mkdir(parents=True)
    names = ["m31.png", "n0224-sdss.png", "ic434.png", "m1dumont.png", "p143.png", "m99999.png"]
    for name in names:
        (folder / name).touch()
    tiles = [{"imageUrl": name, "imageCredits": {"Short": "Somebody"}} for name in names]
    (folder / "textures.json").write_text(json.dumps({"subTiles": tiles}))
    known = {"M31": Subject.GALAXY, "NGC224": Subject.GALAXY, "IC434": Subject.NEBULA, "M1": Subject.SUPERNOVA_REMNANT}
    found = {example.file.name: (example.label, example.group) for example in examples(tmp_path, known)}
    assert found == {
        "m31.png": ("galaxy", "Somebody"),
        "n0224-sdss.png": ("galaxy", "Somebody"),
        "ic434.png": ("nebula", "Somebody"),
        "m1dumont.png": ("nebula", "Somebody"),
    }


def test_a_folder_without_a_model_or_with_another_file_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(model.ModelError, match="holds no model"):
        model.Model(tmp_path)
    (tmp_path / model.HEAD).write_bytes(b"changed")
    (tmp_path / model.MANIFEST).write_text(json.dumps({"version": "1", "sha256": {model.HEAD: "0" * 64}}))
    with pytest.raises(model.ModelError, match=r"is not the file that manifest\.json is about"):
        model.Model(tmp_path)


def test_the_network_sees_the_middle_of_a_picture() -> None:
    wide = Image.new("RGB", (600, 200), "black")
    wide.paste("white", (200, 0, 400, 200))
    assert model.pixels(wide).shape == (model.SIDE, model.SIDE, 3)
    assert model.pixels(wide).min() > 240


# The whole of it, where what it is made of is installed


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from enrichment.subjects.build.network import network

    file = tmp_path_factory.mktemp("network") / model.NETWORK
    file.write_bytes(network(weights.read(weights.packaged())).SerializeToString())
    return file


@pytest.mark.thorough
def test_the_network_is_that_of_pytorch(network: Path, tmp_path: Path) -> None:
    if subprocess.run([DEBIANS_PYTHON, "-c", "import torch"], capture_output=True, check=False).returncode:
        pytest.skip("needs PyTorch: apt-get install python3-torch")
    pictures = np.stack([model.pixels(galaxy(300, 300, seed)) for seed in range(5)])
    np.save(tmp_path / "pixels.npy", pictures)
    script = ROOT / "tests" / "enrichment" / "lite0_in_pytorch.py"
    command = [DEBIANS_PYTHON, str(script), str(weights.packaged()), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (ours,) = model.Network(network)._session.run(["imagenet"], {"pixels": pictures})
    theirs = np.load(tmp_path / "probabilities.npy")
    assert ours.shape == theirs.shape == (5, 1000)
    assert np.abs(ours - theirs).max() < 1e-5


@pytest.mark.thorough
def test_a_model_made_here_is_good_enough_and_the_service_says_what_it_sees(tmp_path: Path) -> None:
    from enrichment.subjects.build import __main__ as build
    from tests.enrichment.serving import running

    stellarium = Path(os.environ.get("STELLARIUM", FOLDER))
    if not stellarium.is_dir():
        pytest.skip("needs pictures to learn from: apt-get install stellarium-data")
    measured = build.build(tmp_path, stellarium)
    assert measured.balanced >= build.LEAST_BALANCED
    assert measured.other_recall >= build.LEAST_OTHER
    made = model.Model(tmp_path)
    assert f"`{made.version}`" in (tmp_path / build.CARD).read_text()
    m31 = stellarium / "nebulae" / "default" / "m31.png"
    with running(model=tmp_path) as service:
        seen = service.post(data=m31.read_bytes()).json()["subject_by_image"]
        drawn = service.post(data=encoded(Image.new("RGB", (200, 200), "#80a0ff"))).json()["subject_by_image"]
        assert service.get("/version").json()["model_version"] == made.version
    assert (seen["subject"], seen["model_version"]) == ("galaxy", made.version)
    assert drawn["subject"] is None
    assert drawn["reason"]
