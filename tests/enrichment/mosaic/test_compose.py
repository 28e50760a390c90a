"""From a match to pixels and files: each piece is the same mosaic, and little of it is in memory at a time."""

import io
import json
import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image

from enrichment.mosaic import downloads, scenes
from enrichment.mosaic.atlas import SIDE, Atlas
from enrichment.mosaic.compose import Mosaic, largest_side
from enrichment.mosaic.errors import UnknownError
from enrichment.mosaic.match import grid_for, match
from enrichment.mosaic.studio import KEPT_SIDE
from enrichment.mosaic.zoom import TILE, Zoom
from tests.enrichment.mosaic.pictures import atlas_of_noise, noise, seen, unlike


def mosaic_of(atlas: Atlas, *, longer: int = 20, shift: float = 0.8, picture: Image.Image | None = None) -> Mosaic:
    picture = picture or noise(1, 90, 60)
    grid = grid_for(picture, longer=longer, radius=2, pictures=len(atlas))
    return Mosaic(match(picture, atlas, grid), atlas, shift)


@pytest.fixture(scope="module")
def plain() -> Atlas:
    return atlas_of_noise(60)


def test_without_a_shift_pictures_are_as_they_are(plain: Atlas) -> None:
    mosaic = mosaic_of(plain, shift=0.0)
    corner = mosaic.match.numbers[0, 0]
    assert (seen(mosaic, SIDE)[:SIDE, :SIDE] == plain.squares[corner]).all()


def test_with_all_of_the_shift_each_cell_has_the_colour_of_the_picture(plain: Atlas) -> None:
    mosaic = mosaic_of(plain, shift=1.0, picture=Image.new("RGB", (60, 40), "#7a8b6c"))
    cells = np.asarray(Image.fromarray(seen(mosaic)).resize((mosaic.columns, mosaic.rows), Image.Resampling.BOX))
    assert np.abs(cells.astype(int) - (0x7A, 0x8B, 0x6C)).mean() < 4  # but for what is cut off


def test_the_more_shift_the_more_alike(plain: Atlas) -> None:
    picture = noise(1, 90, 60)
    unlikes = [mosaic_of(plain, shift=shift, picture=picture).unlike() for shift in (0, 0.4, 0.8, 1)]
    assert unlikes == sorted(unlikes, reverse=True)


def test_the_likeness_told_is_the_one_measured_in_the_pixels(atlas: Atlas) -> None:
    picture = scenes.ALL["ringed-world"].draw(KEPT_SIDE)
    mosaic = mosaic_of(atlas, longer=40, picture=picture)
    measured = unlike(seen(mosaic), picture, mosaic.columns, mosaic.rows)
    assert mosaic.unlike() == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize("side", [1, 4, 16, 64])
def test_pieces_are_parts_of_the_whole(plain: Atlas, side: int) -> None:
    mosaic = mosaic_of(plain, longer=20)
    zoom = Zoom(plain)
    whole = seen(mosaic, side)
    for x in range(-(-whole.shape[1] // TILE)):
        for y in range(-(-whole.shape[0] // TILE)):
            piece = zoom.piece(mosaic, side, x, y)
            assert (piece == whole[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE]).all()


@pytest.mark.parametrize(("side", "x", "y"), [(64, 3, 0), (64, 0, -1), (3, 0, 0), (1024, 0, 0), (1, 10**30, 0)])
def test_there_is_no_piece_outside(plain: Atlas, side: int, x: int, y: int) -> None:
    with pytest.raises(UnknownError):
        Zoom(plain).piece(mosaic_of(plain), side, x, y)


def test_from_near_a_picture_has_more_pixels_than_the_atlas_keeps(atlas: Atlas) -> None:
    mosaic = mosaic_of(atlas, shift=0.0)
    near = Image.fromarray(Zoom(atlas).piece(mosaic, TILE, 0, 0))
    assert near.size == (TILE, TILE)
    kept = Image.fromarray(atlas.squares[mosaic.match.numbers[0, 0]])
    assert np.abs(np.asarray(near.resize(kept.size, Image.Resampling.BOX)).astype(int) - np.asarray(kept)).mean() < 6


def test_a_picture_that_has_gone_is_shown_as_it_was_kept(plain: Atlas) -> None:
    assert Zoom(plain).piece(mosaic_of(plain), TILE, 0, 0).shape == (TILE, TILE, 3)


def test_a_png_is_the_mosaic_with_its_credits(plain: Atlas) -> None:
    mosaic = mosaic_of(plain)
    side = largest_side(mosaic, downloads.PNG_PIXELS)
    with Image.open(io.BytesIO(b"".join(downloads.as_png(mosaic)))) as png:
        assert (np.asarray(png) == seen(mosaic, side)).all()
        assert "Noise 1" in png.text["Copyright"]


def test_a_jpeg_is_the_mosaic_with_its_credits(plain: Atlas) -> None:
    mosaic = mosaic_of(plain)
    with Image.open(io.BytesIO(downloads.as_jpeg(mosaic))) as jpeg:
        assert np.abs(np.asarray(jpeg).astype(int) - seen(mosaic, SIDE)).mean() < 6
        assert b"Noise 1" in jpeg.info["comment"]


def test_a_folder_has_every_level_a_page_and_credits(plain: Atlas) -> None:
    mosaic = mosaic_of(plain)
    with zipfile.ZipFile(io.BytesIO(b"".join(downloads.as_folder(mosaic, Zoom(plain))))) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {"mosaic/index.html", "mosaic/mosaic.dzi", "mosaic/credits.txt"} <= names
        assert {f"mosaic/mosaic_files/{level}/0_0.jpg" for level in range(12)} <= names  # 1,280 pixels: 11 halvings
        described = json.loads(archive.read("mosaic/mosaic.js").removeprefix(b"const MOSAIC = ").rstrip(b";\n"))
        cells = np.array(described["cells"]).reshape(described["rows"], described["columns"])
        titles = [title for title, *_ in described["pictures"]]
        assert titles[cells[3, 4]] == plain.pictures[mosaic.match.numbers[3, 4]].title
        with Image.open(archive.open("mosaic/mosaic_files/11/2_0.jpg")) as piece:
            assert piece.size == (256, 512)


def test_a_large_png_is_written_in_little_memory(plain: Atlas) -> None:
    mosaic = mosaic_of(plain, longer=128)
    plain.sizes, plain.means  # noqa: B018 - there already
    tracemalloc.start()
    try:
        size = sum(map(len, downloads.as_png(mosaic)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 1_000_000
    assert peak < 12_000_000  # all of its pixels are 34 MB
