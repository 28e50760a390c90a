"""Every image that helm renders gets its digest, however its chart takes one; one that cannot is refused by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from etl.core.errors import ConfigError
from k8s.installer.cluster import helm
from k8s.installer.export.pins import Pins, named

Values = dict[str, Any]


def digest(image: str) -> str:
    """One that is not another image's."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def never(image: str) -> str:
    raise AssertionError(f"looked up {image}")


def pinned(chart: Path, given: Values | None = None, look_up: Callable[[str], str] = digest) -> str:
    """What a chart renders with values that pin its images."""
    ours = {} if given is None else given

    def render() -> str:
        return helm.template(("default", "release"), chart, [], ours, "--skip-tests")

    Pins({}, look_up).values(chart.name, ours, helm.merged(chart, [], ours), render)
    return render()


def write(chart: Path, template: str, values: Values) -> None:
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 1.0.0\nappVersion: '2.0'\n")
    (chart / "values.yaml").write_text(yaml.safe_dump(values))
    (chart / "templates" / "all.yaml").write_text(template)


NAME = "{{ .registry }}/{{ .repository }}:{{ .tag }}"


def parts(repository: str, **more: str | None) -> Values:
    return {"registry": "quay.io", "repository": repository, "tag": "1.0", **more}


# How a chart renders an image (with its values at hand), these values, and what is rendered in the end.
WAYS: dict[str, tuple[str, Values, str]] = {
    "a digest in place of the tag": (
        "{{ .repository }}{{ with .digest }}@{{ . }}{{ else }}:1.0{{ end }}",
        {"repository": "way/digest", "digest": None},
        f"way/digest@{digest('way/digest:1.0')}",
    ),
    "a sha without its kind": (
        NAME + "{{ with .sha }}@sha256:{{ . }}{{ end }}",
        parts("way/hex", sha=""),
        f"quay.io/way/hex:1.0@{digest('quay.io/way/hex:1.0')}",
    ),
    "a sha with its kind": (
        NAME + "{{ with .sha }}@{{ . }}{{ end }}",
        parts("way/sha", sha=""),
        f"quay.io/way/sha:1.0@{digest('quay.io/way/sha:1.0')}",
    ),
    "a tag": (NAME, parts("way/tag"), f"quay.io/way/tag:1.0@{digest('quay.io/way/tag:1.0')}"),
    "a tag that is made up": (
        "{{ .repository }}:{{ .tag | default 2.5 }}",
        {"repository": "way/default", "tag": None},
        f"way/default:2.5@{digest('way/default:2.5')}",
    ),
    "longer names": (
        "{{ .mainRepository }}{{ with .mainDigest }}@{{ . }}{{ else }}:1.0{{ end }}",
        {"mainRepository": "way/longer", "mainDigest": None},
        f"way/longer@{digest('way/longer:1.0')}",
    ),
    "a digest, which another container ignores": (
        "{{ .repository }}{{ with .digest }}@{{ . }}{{ else }}:1.0{{ end }} {{ .repository }}:{{ .tag }}",
        {"repository": "way/both", "digest": None, "tag": "1.0"},
        f"way/both@{digest('way/both:1.0')} way/both:1.0@{digest('way/both:1.0')}",
    ),
    "two tags of one repository": (
        "{{ .a.repository }}:{{ .a.tag }} {{ .b.repository }}:{{ .b.tag }}",
        {"a": {"repository": "way/two", "tag": "1.0"}, "b": {"repository": "way/two", "tag": "b-1.0"}},
        f"way/two:1.0@{digest('way/two:1.0')} way/two:b-1.0@{digest('way/two:b-1.0')}",
    ),
    "one text": ("{{ .image }}", {"image": "way-text:1"}, f"way-text:1@{digest('way-text:1')}"),
    "an argument": (
        f"--reloader={NAME} --listen=0.0.0.0:9090 http://way/argument:80",
        parts("way/argument"),
        f"--reloader=quay.io/way/argument:1.0@{digest('quay.io/way/argument:1.0')} "
        "--listen=0.0.0.0:9090 http://way/argument:80",
    ),
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is rendered in each of WAYS, in one chart."""
    fields = ["args" if " " in expected else "imageName" for _, _, expected in WAYS.values()]
    documents = [
        f"{{{{ with .Values.way{n} }}}}{field}: '{template}'{{{{ end }}}}"
        for n, (field, (template, _, _)) in enumerate(zip(fields, WAYS.values(), strict=True))
    ]
    values = {f"way{n}": values for n, (_, values, _) in enumerate(WAYS.values())}
    chart = tmp_path_factory.mktemp("ways") / "chart"
    write(chart, "\n---\n".join(documents), values)
    found = [item for item in yaml.safe_load_all(pinned(chart)) if item]
    return {name: item[field] for name, field, item in zip(WAYS, fields, found, strict=True)}


@pytest.mark.parametrize("way", WAYS)
def test_an_image_gets_its_digest_in_the_way_that_its_chart_has(way: str, rendered: dict[str, str]) -> None:
    assert rendered[way] == WAYS[way][2]


IMAGE = "image: {{ .Values.registry }}/{{ .Values.repository }}:{{ .Values.tag }}"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return tmp_path / "chart"


def test_an_image_that_no_value_pins_is_refused_by_name(chart: Path) -> None:
    write(chart, f"{IMAGE}\n---\nimage: a/fixed:1.0", parts("a/b"))
    with pytest.raises(ConfigError, match=r"No value of chart chart pins a/fixed:1\.0\.") as caught:
        pinned(chart)
    assert "--tags" in caught.value.hint


def test_a_digest_that_ends_up_at_another_image_is_refused(chart: Path) -> None:
    write(chart, f"{IMAGE}\n---\n{IMAGE}".replace("{{ .Values.registry }}", "docker.io", 1), parts("a/b"))
    with pytest.raises(ConfigError, match=r"(docker|quay)\.io/a/b:1\.0"):
        pinned(chart)


def test_a_digest_that_somebody_has_chosen_stays(chart: Path) -> None:
    write(chart, IMAGE, parts("a/b"))
    assert f"quay.io/a/b:1.0@{digest('mine')}" in pinned(chart, {"tag": f"1.0@{digest('mine')}"}, never)


def test_a_digest_that_the_chart_has_chosen_is_that_of_all_containers(chart: Path) -> None:
    image = f"quay.io/a/b:1.0@{digest('theirs')}"
    write(chart, f"first: {{image: '{image}'}}\n---\n{IMAGE}", parts("a/b"))
    assert pinned(chart, look_up=never).count(image) == 2


def test_two_images_that_would_become_one_are_refused(chart: Path) -> None:
    both = "{{ with .Values.digest }}@{{ . }}{{ else }}:TAG{{ end }}"
    write(chart, f"image: a/b{both}\n---\nimage: a/b{both}".replace("TAG", "1", 1), {"repository": "a/b", "digest": ""})
    with pytest.raises(ConfigError, match=r"No value of chart chart pins a/b:(1|TAG)\."):
        pinned(chart)


def test_images_of_a_subchart_are_pinned(chart: Path) -> None:
    write(chart / "charts" / "chart", IMAGE, parts("a/b"))
    write(chart, "", {})
    assert f"quay.io/a/b:1.0@{digest('quay.io/a/b:1.0')}" in pinned(chart)


def test_a_test_of_the_chart_needs_no_digest(chart: Path) -> None:
    write(chart, "metadata: {annotations: {helm.sh/hook: test}}\nimage: busybox\nkind: Pod\napiVersion: v1", {})
    assert "busybox" not in pinned(chart, look_up=never)


def test_texts_within_our_objects_are_pinned() -> None:
    airflow, ours, other = "apache/airflow:3.2.2", "r.example.org/etl:1", "a/etl:1x"
    text = 'image: {}\ndata: {{platform.json: \'{{"etl_image": "{}", "other": "{}"}}\'}}'
    pins = Pins({ours: digest("known")}, digest)
    assert pins.text(text.format(airflow, ours, other), ["etl"]) == text.format(
        f"{airflow}@{digest(airflow)}", f"{ours}@{digest('known')}", f"{other}@{digest(other)}"
    )


def test_what_looks_like_an_image_and_is_of_no_known_repository_is_none() -> None:
    text = "data: {url: 'http://a/b:80/c', volume: '/a/b:ro', rule: 'a/b:c', own: 'x/y:1', port: 'y:1'}"
    assert named(text, ["y", "x/y"]) == {"x/y:1"}
