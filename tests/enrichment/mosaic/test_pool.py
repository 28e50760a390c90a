"""Which pictures are used: all that may be and can be read, with what has to be said about them."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from enrichment.mosaic import studio
from enrichment.mosaic.atlas import Atlas, build
from enrichment.mosaic.colour import lab
from enrichment.mosaic.errors import PoolError
from enrichment.mosaic.folder import Folder
from enrichment.mosaic.generated import NUMBER, Generated, draw
from enrichment.mosaic.pool import Picture
from enrichment.mosaic.studio import Studio, Studios
from enrichment.mosaic.watched import Watched
from tests.enrichment.mosaic.pictures import Listed, encoded, folder, noise

PNG = encoded(noise(1, 80, 60))


def index(place: Path, content: object) -> Path:
    place.mkdir(exist_ok=True)
    (place / "index.json").write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return place


def test_only_what_may_be_reused_is_used() -> None:
    mine = Picture("Mine", lambda _: PNG, is_reusable=True)
    pool = Listed([Picture("Nobody has said", lambda _: PNG), mine])
    assert list(build(pool).pictures) == [mine]


def test_a_picture_that_cannot_be_read_is_left_out_and_told() -> None:
    broken = Picture("Broken", lambda _: PNG[:100], is_reusable=True)
    whole = Picture("Whole", lambda _: PNG, is_reusable=True)
    with capture_logs() as logs:
        assert list(build(Listed([broken, whole])).pictures) == [whole]
    assert [(entry["event"], entry["title"]) for entry in logs] == [("picture_left_out", "Broken")]


def test_a_pool_of_nothing_says_what_to_do() -> None:
    with pytest.raises(PoolError) as raised:
        build(Listed([Picture("Nobody has said", lambda _: PNG)]))
    assert "None of the 1 pictures" in raised.value.message
    assert "is_reusable" in raised.value.hint


def test_a_folder_says_all_that_its_index_says(tmp_path: Path) -> None:
    first = Folder(folder(tmp_path / "pool", 3)).pictures[0]
    assert (first.title, first.date, first.credit) == ("Object 0", "2024-05-17", "NASA/Observer 0")
    assert (first.link, first.is_reusable) == ("https://example.org/0", True)


def test_the_state_changes_with_a_file_and_with_the_index(tmp_path: Path) -> None:
    place = folder(tmp_path / "pool", 3)
    states = [Folder(place).state, Folder(place).state]
    noise(9, 30, 30).save(place / "1.jpg")
    states.append(Folder(place).state)
    index(place, [{"file": "1.jpg", "title": "Other", "is_reusable": True}])
    states.append(Folder(place).state)
    assert states[0] == states[1]
    assert len(set(states)) == 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[", "is not a list of pictures"),
        ({}, "is not a list of pictures"),
        ([{"file": "a.jpg"}], "0.title"),
        ([{"file": "a.jpg", "title": "A", "is_reusable": "yes"}], "0.is_reusable"),
        ([{"file": "../a.jpg", "title": "A"}], "outside its folder"),
        ([{"file": "/etc/passwd", "title": "A"}], "outside its folder"),
        ([{"file": "a.jpg", "title": "A", "link": "javascript:alert(1)"}], "link"),
    ],
)
def test_a_wrong_index_says_what_is_wrong_with_it(tmp_path: Path, content: object, told: str) -> None:
    with pytest.raises(PoolError, match=told.replace(".", r"\.")) as raised:
        Folder(index(tmp_path / "pool", content))
    assert raised.value.hint


def test_a_folder_without_an_index_says_what_one_looks_like(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"index\.json: No such file") as raised:
        Folder(tmp_path)
    assert "is_reusable" in raised.value.hint


def test_our_own_pictures_are_many_and_of_every_colour_and_brightness(atlas: Atlas) -> None:
    assert len(atlas) == NUMBER >= 300
    assert len({picture.title for picture in atlas.pictures}) == NUMBER
    light, a, b = lab(atlas.means).T
    assert np.percentile(light, 10) < 12
    assert np.percentile(light, 95) > 65
    hues = np.arctan2(b, a)[np.hypot(a, b) > 10]
    assert (np.histogram(hues, 8, (-np.pi, np.pi))[0] >= 5).all()


def test_our_own_pictures_are_always_the_same_and_so_at_every_size() -> None:
    for number in (3, 17, 200):
        assert draw(number, 64) == draw(number, 64)
        small, large = (
            build(Listed([Picture("", lambda _, n=number, s=side: draw(n, s), is_reusable=True)])).means[0]
            for side in (64, 256)
        )
        assert np.abs(small - large).max() < 12


def test_an_atlas_is_made_anew_only_when_the_pool_has_changed() -> None:
    pool = Listed([Picture("One", lambda _: PNG, is_reusable=True)])
    studios = Studios(lambda: pool)
    first = studios.current()
    assert studios.current() is first
    kept = first.add(PNG)
    pool.state = "2"
    later = once(studios.current, lambda one: one is not first)
    assert later.picture(kept), "what people have sent is still there"
    assert studios.current() is later


def test_a_pool_that_cannot_be_used_any_more_leaves_the_former(monkeypatch: pytest.MonkeyPatch) -> None:
    pools = [Listed([Picture("One", lambda _: PNG, is_reusable=True)]), Listed([], "2")]
    ended = threading.Event()
    monkeypatch.setattr(studio.log, "warning", lambda *_, **__: ended.set())
    studios = Studios(lambda: pools[0])
    first = studios.current()
    pools.reverse()
    assert studios.current() is first
    assert ended.wait(60)
    assert studios.current() is first


def test_a_folder_gets_its_pictures_later_and_others_then(tmp_path: Path) -> None:
    place, drawn = tmp_path / "pool", Generated(3)
    look = Watched(place, drawn)
    assert look() is drawn
    folder(place, 2)
    first = look()
    assert [one.title for one in first.pictures] == ["Object 0", "Object 1"]
    assert look() is first
    index = place / "index.json"
    index.write_text("no list")
    assert look() is drawn
    index.write_text(json.dumps([{"file": "1.jpg", "title": "Not ours"}]))
    assert look() is drawn, "nothing in it may be reused"
    index.write_text(json.dumps([{"file": "1.jpg", "title": "Ours", "is_reusable": True}]))
    assert [one.title for one in look().pictures] == ["Ours"]


def once(ask: Callable[[], Studio], is_wanted: Callable[[Studio], bool]) -> Studio:
    """The first answer that is wanted; whatever takes a minute has failed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if is_wanted(answer := ask()):
            return answer
        time.sleep(0.01)
    raise AssertionError("no such answer came")


def test_generated_state_tells_the_number() -> None:
    assert Generated(10).state == Generated(10).state != Generated(11).state
