"""What makes a mosaic good: like its picture, of many pictures, none beside itself; and quickly made."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from enrichment.mosaic import scenes
from enrichment.mosaic.atlas import Atlas
from enrichment.mosaic.colour import lab
from enrichment.mosaic.compose import Mosaic
from enrichment.mosaic.match import Match, grid_for, match
from enrichment.mosaic.studio import KEPT_SIDE, Wanted
from tests.conftest import IS_THOROUGH
from tests.enrichment.mosaic.pictures import atlas_of_noise, naive, noise, seen, share_repeated, unlike

WANTED = Wanted()


def made(picture: Image.Image, atlas: Atlas, longer: int = WANTED.longer, radius: int = WANTED.radius) -> Match:
    return match(picture, atlas, grid_for(picture, longer=longer, radius=radius, pictures=len(atlas)), seed=7)


@pytest.mark.parametrize(
    "name",
    [
        "ringed-world",
        pytest.param("earthrise", marks=pytest.mark.thorough),
        pytest.param("galaxy", marks=pytest.mark.thorough),
        "noise",
    ],
)
def test_a_mosaic_is_like_its_picture_and_of_nearly_all_pictures(atlas: Atlas, name: str) -> None:
    picture = scenes.ALL[name].draw(KEPT_SIDE) if name in scenes.ALL else noise(3, 384, 288, grain=12)
    began = time.process_time()
    result = made(picture, atlas)
    assert time.process_time() - began < 3
    mosaic = Mosaic(result, atlas, WANTED.shift)
    assert unlike(seen(mosaic), picture, mosaic.columns, mosaic.rows) <= 14
    assert len(np.unique(result.numbers)) >= 0.8 * len(atlas)
    assert share_repeated(result.numbers.astype(int), WANTED.radius) == 0


def test_the_naive_way_is_better_in_nothing(atlas: Atlas) -> None:
    picture = scenes.ALL["earthrise"].draw(KEPT_SIDE)
    ours = made(picture, atlas)
    theirs = naive(picture, atlas, ours.grid.columns, ours.grid.rows)
    mosaic = Mosaic(ours, atlas, WANTED.shift)
    pasted = Mosaic(Match(ours.grid, theirs.astype(np.uint16), ours.parts), atlas, 0.0)
    size = (mosaic.columns, mosaic.rows)
    assert unlike(seen(mosaic), picture, *size) < unlike(seen(pasted), picture, *size)
    assert len(np.unique(ours.numbers)) > 2 * len(np.unique(theirs))
    assert np.bincount(ours.numbers.reshape(-1)).max() < np.bincount(theirs.reshape(-1)).max()
    assert share_repeated(ours.numbers.astype(int), 3) == 0 < share_repeated(theirs, 3)


@given(
    seed=st.integers(0, 10_000),
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    grain=st.integers(1, 9),
    longer=st.integers(8, 24),
    radius=st.integers(0, 8),
    pictures=st.integers(1, 90),
)
@settings(max_examples=200 if IS_THOROUGH else 30)
def test_no_picture_is_repeated_within_the_radius(
    seed: int, width: int, height: int, grain: int, longer: int, radius: int, pictures: int
) -> None:
    result = made(noise(seed, width, height, grain=grain), NOISE[pictures], longer, radius)
    assert share_repeated(result.numbers.astype(int), result.grid.radius) == 0
    assert max(result.numbers.shape) == longer
    assert result.numbers.max() < pictures
    if pictures >= (2 * radius + 1) ** 2:
        assert result.grid.radius == radius


class _Noise(dict[int, Atlas]):
    def __missing__(self, pictures: int) -> Atlas:
        whole = ALL_NOISE
        return self.setdefault(pictures, Atlas("noise", whole.pictures[:pictures], whole.squares[:pictures]))


ALL_NOISE = atlas_of_noise(90)
NOISE = _Noise()


def test_the_same_seed_gives_the_same_mosaic_and_another_another(atlas: Atlas) -> None:
    picture = scenes.ALL["galaxy"].draw(KEPT_SIDE)
    grid = grid_for(picture, longer=24, radius=3, pictures=len(atlas))
    first, again, other = (match(picture, atlas, grid, seed=seed).numbers for seed in (1, 1, 2))
    assert (first == again).all()
    assert not (first == other).all()


def test_a_large_radius_finds_a_picture_even_if_all_of_the_likest_are_near(atlas: Atlas) -> None:
    flat = Image.new("RGB", (64, 64), "#777")
    result = made(flat, atlas, longer=40, radius=8)
    assert result.grid.radius == 8
    assert share_repeated(result.numbers.astype(int), 8) == 0


def test_colours_are_those_of_the_standard() -> None:
    """White, the primaries, and a grey: as in the tables of CIE Lab under D65."""
    colours = np.array([[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [119, 119, 119]])
    expected = [[100, 0, 0], [53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86], [50.03, 0, 0]]
    assert np.allclose(lab(colours), expected, atol=0.05)
