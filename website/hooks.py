"""MkDocs hooks: pages from elsewhere, folders in the navigation, links that work, and no other hosts."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from website import alerts, charts, commands, decisions, links, notebooks, settings

log = logging.getLogger("mkdocs.hooks.website")  # a warning fails a strict build
ROOT = Path(__file__).parents[1]
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|link(?![^>]*rel="?canonical))\b[^>]*?
    \b(?:src|href|srcset)="?((?:https?:)?//[^"\s>]+)""",
    re.VERBOSE,
)
FOLDERS = {
    "monitoring/runbooks": "reference/alerts/index.md",
    "docs/adr": "adr/index.md",
    "docs/how-to": "how-to/index.md",
}


def elsewhere() -> dict[str, str]:
    """Documents outside of docs/ that are pages of the site: file in the repository → page."""
    runbooks = {f"monitoring/runbooks/{file.name}": file.name for file in _files("monitoring/runbooks", "*.md")}
    return {
        "website/index.md": "index.md",
        "CONTRIBUTING.md": "contributing.md",
        "CHANGELOG.md": "changelog.md",
        "charts/warehouse/README.md": "reference/charts/warehouse-readme.md",
        **{path: f"reference/alerts/{name}" for path, name in runbooks.items()},
    }


def generated() -> Iterator[tuple[str, str]]:
    """Pages made from declarations: (page, text)."""
    yield "reference/make.md", commands.of_make(ROOT / "Makefile")
    yield "reference/etl.md", commands.of_etl()
    yield "reference/settings.md", settings.page()
    yield "reference/alerts/index.md", alerts.page(ROOT / "monitoring")
    yield "adr/index.md", decisions.page(ROOT / "docs" / "adr")
    for values in _files("charts", "*/values.yaml"):
        yield f"reference/charts/{values.parent.name}.md", charts.page(values.parent)
    for notebook in _files("notebooks", "*.ipynb"):
        yield f"notebooks/{notebook.stem}.md", notebooks.page(notebook)


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted((ROOT / folder).glob(pattern))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not in docs/; then every folder in the navigation becomes the list of its pages."""
    for path, page in elsewhere().items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    for page, text in generated():
        files.append(File.generated(config, page, content=text))
    config.nav = [_filled(entry, files) for entry in config.nav or []]
    return files


def _filled(entry: Any, files: Files) -> Any:
    if isinstance(entry, dict):
        return {title: _filled(below, files) for title, below in entry.items()}
    if isinstance(entry, list):
        return [_filled(below, files) for below in entry]
    if not entry.endswith("/"):
        return entry
    pages = sorted(file.src_uri for file in files.documentation_pages() if file.src_uri.startswith(entry))
    return sorted(pages, key=lambda page: not page.endswith("/index.md"))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make the links of a page work on the site."""
    shown = elsewhere()
    origins = {to: path for path, to in shown.items()}
    own = page.file.src_uri
    origin = origins.get(own, f"docs/{own}")
    pages = shown | FOLDERS | {f"docs/{file.src_uri}": file.src_uri for file in files.documentation_pages()}
    return links.rewritten(markdown, origin, own, pages, ROOT, config.extra["repository"])


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """Refuse what would make a reader's browser contact another host."""
    for url in LOADED.findall(output):
        log.warning("%s loads %s: keep a copy in docs/ instead", page.file.src_uri, url)
    return output
