"""The pages that the site adds to docs/, and what its hooks do to all pages."""

import logging
import re
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from mkdocs.structure.files import Files

from etl import settings
from tests.conftest import ROOT
from tests.contracts.test_hints import COMMANDS, MAKE_VERBS
from tests.monitoring.rules import ALERTS
from website import hooks, links

PAGES = dict(hooks.generated())
CHARTS = sorted(file.parent.name for file in (ROOT / "charts").glob("*/values.yaml"))
OWN = {"docs/a.md": "a.md", "monitoring/runbooks/X.md": "reference/alerts/X.md"}


def rewrite(text: str, repository: str = "", origin: str = "docs/how-to/b.md", page: str = "how-to/b.md") -> str:
    return links.rewritten(text, origin, page, OWN, ROOT, repository)


# Generated pages


def test_every_command_has_its_heading_with_its_options() -> None:
    parts = dict(re.findall(r"^#+ (etl.*)\n((?:(?!#).*\n)*)", PAGES["reference/etl.md"], re.MULTILINE))
    assert set(parts) == {" ".join(["etl", *path]) for path in COMMANDS}
    assert "`--from" in parts["etl run"]
    assert "\\[default: 10;" in parts["etl status"]


def test_every_verb_of_make_is_listed_with_the_installers_variables() -> None:
    listed = set(re.findall(r"^### make (\S+)$", PAGES["reference/make.md"], re.MULTILINE))
    assert MAKE_VERBS - listed == {"environments"}  # which `make` does not list either
    up = PAGES["reference/make.md"].partition("### make up")[2].partition("###")[0]
    assert "| `OBJECT_STORE` | Keep the lake on S3, in the cluster. |" in up
    assert "| `ENVIRONMENT` | A file of k8s/environments/: dev, prod, … |" in up


def test_every_setting_is_listed() -> None:
    listed = re.findall(r"^\| `(ETL_\w+)`", PAGES["reference/settings.md"], re.MULTILINE)
    assert listed == [name for name, _, _ in settings.names()]


def test_every_alert_is_listed_with_its_severity_and_leads_to_its_runbook() -> None:
    listed = re.findall(
        r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \| Fires \S.*\. \|$", PAGES["reference/alerts/index.md"], re.MULTILINE
    )
    assert dict(listed) == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}
    assert {f"reference/alerts/{name}.md" for name in ALERTS} <= set(hooks.elsewhere().values())


@pytest.mark.parametrize("chart", CHARTS)
def test_every_value_of_a_chart_is_explained_with_its_default(chart: str) -> None:
    text = (ROOT / "charts" / chart / "values.yaml").read_text()
    rows = re.findall(r"^\| `([\w.-]+)` \| `(.*?)` \| \S.* \|$", PAGES[f"reference/charts/{chart}.md"], re.MULTILINE)
    assert len(rows) == text.count("# -- ")
    for path, default in rows:
        value: Any = yaml.safe_load(text)
        for key in path.split("."):
            value = value[key]
        assert yaml.safe_load(default.replace("\\|", "|")) == value


def test_decisions_and_notebooks_are_listed() -> None:
    for file in (ROOT / "docs" / "adr").glob("*.md"):
        assert f"]({file.name})" in PAGES["adr/index.md"]
    for file in (ROOT / "notebooks").glob("*.ipynb"):
        assert PAGES[f"notebooks/{file.stem}.md"].startswith("# ")
        assert "```python" in PAGES[f"notebooks/{file.stem}.md"]


def test_every_how_to_is_in_their_table() -> None:
    table = (ROOT / "docs" / "how-to" / "index.md").read_text()
    others = {file.name for file in (ROOT / "docs" / "how-to").glob("*.md")} - {"index.md"}
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", table)) == others


# Hooks


def test_a_link_leads_to_the_page_that_shows_the_file() -> None:
    assert rewrite("[a](../a.md#part), [x](../../monitoring/runbooks/X.md)") == (
        "[a](../a.md#part), [x](../reference/alerts/X.md)"
    )
    assert rewrite("[`b`](../../docs/a.md)", origin="monitoring/runbooks/X.md", page="reference/alerts/X.md") == (
        "[`b`](../../a.md)"
    )


def test_a_link_to_what_no_page_shows_leads_into_the_repository_if_that_is_known() -> None:
    text = "[`etl/cli/`](../../etl/cli), [it](../../etl/runtime.py#L3)"
    assert rewrite(text) == "`etl/cli/`, it"
    at = "https://example.org/it"
    assert rewrite(text, at) == f"[`etl/cli/`]({at}/tree/main/etl/cli), [it]({at}/blob/main/etl/runtime.py#L3)"


def test_other_links_and_code_stay_as_they_are() -> None:
    for text in ("[x](https://example.org)", "[x](#part)", "[x](../gone.md)", "[x](../../gone.py)"):
        assert rewrite(text) == text
    assert rewrite("```\n[a](../../etl/cli)\n```\n[a](../../etl/cli)") == "```\n[a](../../etl/cli)\n```\na"


def test_a_folder_in_the_navigation_is_the_list_of_its_pages() -> None:
    pages = [SimpleNamespace(src_uri=name) for name in ("how-to/b.md", "how-to/index.md", "how-to/a.md", "c.md")]
    files: Files = SimpleNamespace(documentation_pages=lambda: pages)  # type: ignore[assignment]
    assert hooks._filled([{"How-to": "how-to/"}, "c.md"], files) == [
        {"How-to": ["how-to/index.md", "how-to/a.md", "how-to/b.md"]},
        "c.md",
    ]


@pytest.mark.parametrize(
    ("html", "asks"),
    [
        ('<script src="https://cdn.example.org/x.js"></script>', ["https://cdn.example.org/x.js"]),
        ('<link rel="stylesheet" href="//fonts.example.org/a.css">', ["//fonts.example.org/a.css"]),
        ("<img alt=x src=http://example.org/a.png>", ["http://example.org/a.png"]),
        ('<a href="https://example.org">x</a><script src="../a.js"></script><img src="a.png">', []),
        ('<link rel="canonical" href="https://example.org/docs/">', []),
    ],
)
def test_a_page_that_asks_a_foreign_host_fails_the_build(
    html: str, asks: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))
    with caplog.at_level(logging.WARNING, "mkdocs"):
        assert hooks.on_post_page(html, page=page, config=None) == html
    assert [record.message for record in caplog.records] == [
        f"a.md loads {url}: keep a copy in docs/ instead" for url in asks
    ]
