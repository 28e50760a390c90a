"""What the document about facts of pictures lists is what there is."""

from __future__ import annotations

import re

from enrichment.service.metrics import Metrics
from enrichment.service.settings import PREFIX, Settings
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "how-to" / "facts-about-pictures.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_and_nothing_else() -> None:
    table = PAGE.split("## Settings")[1].split("## ")[0]
    assert set(re.findall(r"`(ENRICHMENT_\w+)`", table)) == {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_metric_is_documented_and_nothing_else() -> None:
    suffixes = {"counter": "_total", "info": "_info"}
    measured = {metric.name + suffixes.get(metric.type, "") for metric in Metrics().registry.collect()}
    assert set(re.findall(r"`(enrichment_\w+)", PAGE.split("## Metrics")[1])) == measured
