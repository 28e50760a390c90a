"""Links of a document that lead out of docs/: to another page of the site, to the repository, or to nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

LINK = re.compile(r"(?P<text>\[(?:[^\[\]]|\[[^\]]*\])*\])\((?P<target>[^)\s:#]+)(?P<anchor>#[^)\s]*)?\)")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def rewritten(text: str, origin: str, page: str, pages: Mapping[str, str], root: Path, repository: str) -> str:
    """A page's text with links that work where it is shown.

    `origin` is the file in the repository that `page` shows; `pages` are all such files and folders. A file that
    no page shows is linked in the repository, if its URL is known; otherwise the link becomes plain text. One that does
    not exist is left to MkDocs, which complains.
    """

    def link(found: re.Match[str]) -> str:
        target = os.path.normpath(PurePosixPath(origin).parent / found["target"])
        if shown := pages.get(target):
            relative = os.path.relpath(shown, PurePosixPath(page).parent)
            return f"{found['text']}({relative}{found['anchor'] or ''})"
        if target.startswith("docs/") or not (root / target).exists():
            return found[0]
        if repository:
            kind = "tree" if (root / target).is_dir() else "blob"
            return f"{found['text']}({repository}/{kind}/main/{target}{found['anchor'] or ''})"
        return found["text"][1:-1]

    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in FENCE.split(text))
