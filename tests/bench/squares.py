"""What it costs to make the squares of a pool: `python -m tests.bench.squares drawn 480`, or `folder PATH`.

Prints how many there are, the seconds of a core, and the MB that the process held at most.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from enrichment.mosaic.atlas import build
from enrichment.mosaic.folder import Folder
from enrichment.mosaic.generated import Generated
from tests.bench import memory


def _measure(kind: str, what: str) -> None:
    begin = time.process_time()
    atlas = build(Generated(int(what)) if kind == "drawn" else Folder(Path(what)))
    atlas.parts, atlas.sizes  # noqa: B018 - made now, not for the first mosaic
    seconds = time.process_time() - begin
    print(len(atlas), seconds, memory.peak() / 1e6)


if __name__ == "__main__":
    _measure(*sys.argv[1:])
