"""Facts about pictures: right for what we drew, the same for the same bytes, and refused with a reason."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path

import imagehash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from enrichment.facts import colours, hashes
from enrichment.facts.decode import decode
from enrichment.facts.errors import BrokenPictureError, PictureError, PictureTooLargeError, UnknownFormatError
from enrichment.facts.measure import facts_of
from enrichment.facts.record import FACTS_VERSION, Facts
from tests.enrichment import pictures
from tests.enrichment.pictures import encoded, galaxy

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF")


def plain(colour: str, size: tuple[int, int] = (40, 30)) -> Facts:
    return facts_of(encoded(Image.new("RGB", size, colour)))


# What they say


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("galaxy.*")), ids=lambda file: file.name)
def test_facts_are_those_that_were_once_written_down(file: Path) -> None:
    """If this fails after a change of a function or a decoder, raise FACTS_VERSION and write them down again."""
    known = json.loads((GOLDEN / "facts.json").read_text())
    assert known["facts_version"] == FACTS_VERSION
    assert json.loads(facts_of(file.read_bytes()).model_dump_json()) == known[file.name]


def test_a_picture_of_one_colour_is_that_colour() -> None:
    facts = plain("#4080c0")
    assert facts.average_colour == "#4080c0"
    assert [(one.colour, one.share) for one in facts.dominant_colours] == [("#4080c0", 1.0)]
    assert (facts.contrast, facts.sharpness) == (0.0, 0.0)


def test_brightness_is_what_the_eye_sees() -> None:
    assert [plain(colour).brightness for colour in ("black", "#777777", "white")] == [0.0, 0.5003, 1.0]
    assert plain("#00ff00").brightness > plain("#ff0000").brightness > plain("#0000ff").brightness


def test_the_average_is_of_light_not_of_numbers() -> None:
    board = Image.new("L", (2, 1))
    board.putpixel((1, 0), 255)
    assert facts_of(encoded(board.resize((64, 32), Image.Resampling.NEAREST))).average_colour == "#bcbcbc"


def test_dominant_colours_are_ordered_by_their_share() -> None:
    flag = Image.new("RGB", (100, 100), "#000080")
    flag.paste("#c00000", (0, 0, 100, 30))
    found = facts_of(encoded(flag)).dominant_colours
    assert [(one.colour, one.share) for one in found] == [("#000080", 0.7), ("#c00000", 0.3)]


def test_a_blurred_picture_is_less_sharp_whatever_its_size() -> None:
    sharp = galaxy(600, 400)
    soft = sharp.filter(ImageFilter.GaussianBlur(3))
    one, other = (facts_of(encoded(picture)).sharpness for picture in (sharp, soft))
    assert one is not None
    assert other is not None
    assert one > 4 * other


def test_sharpness_is_unknown_where_a_side_is_too_short_to_tell() -> None:
    odd = pictures.odd()
    assert [facts_of(odd[name]).sharpness for name in ("1 × 1 PNG", "5 × 4000 PNG")] == [None, None]


@pytest.mark.parametrize(("name", "data"), pictures.odd().items(), ids=pictures.odd())
def test_a_rare_kind_of_picture_has_facts(name: str, data: bytes) -> None:
    facts = facts_of(data)
    frames = {"GIF of 60 frames": 60, "WebP of 3 frames": 3}.get(name, 1)
    assert (facts.frames, facts.bytes) == (frames, len(data))
    assert facts_of(data) == facts
    assert Facts.model_validate_json(facts.model_dump_json()) == facts


def test_one_picture_in_all_formats_has_similar_colours_and_hashes() -> None:
    found = [facts_of(encoded(galaxy(256, 192), format)) for format in FORMATS]
    assert [facts.format for facts in found] == list(FORMATS)
    assert max(facts.brightness for facts in found) - min(facts.brightness for facts in found) < 0.01
    assert all(hashes.distance(facts.phash, found[0].phash) <= 4 for facts in found)


# Duplicates


def _is_duplicate(one: Facts, other: Facts) -> bool:
    return hashes.are_duplicates((one.phash, other.phash), (one.dhash, other.dhash))


def test_a_picture_resized_and_compressed_again_is_a_duplicate_and_another_is_not() -> None:
    first = galaxy(300, 200)
    again = encoded(first.resize((200, 133)), "JPEG", quality=60)
    other = encoded(galaxy(300, 200, seed=8))
    facts = facts_of(encoded(first))
    assert _is_duplicate(facts, facts_of(again))
    assert not _is_duplicate(facts, facts_of(other))


@pytest.mark.parametrize("seed", range(20))
def test_hashes_are_those_of_the_package_that_everybody_uses(seed: int) -> None:
    picture = galaxy(120 + 7 * seed, 90, seed)
    assert hashes.perceptual(picture) == str(imagehash.phash(picture))
    assert hashes.difference(picture) == str(imagehash.dhash(picture))


def test_a_plain_picture_has_one_hash_whatever_its_colour() -> None:
    assert {plain(colour).phash for colour in ("#010203", "#4080c0", "white")} == {"8000000000000000"}


# EXIF


def test_of_exif_only_what_is_listed_is_passed_on() -> None:
    data = pictures.with_exif(t0x010F="Nikon\0", t0x0110="Z 8", t0x8298="  NASA\n ESA ", t0x013B=" " * 9, t0x9C9B=b"xp")
    exif = facts_of(data).exif
    assert (exif.make, exif.model, exif.copyright, exif.artist) == ("Nikon", "Z 8", "NASA ESA", None)
    assert exif.taken == "2024:05:01 21:00:00"


def test_a_place_never_comes_out() -> None:
    said = facts_of(pictures.with_exif(t0x010F="Nikon")).model_dump_json()
    for trace in ("gps", "52.0", "13.0", "31.0", "secret"):
        assert trace not in said.lower()


def test_a_long_or_strange_label_is_no_reason_to_refuse_a_picture() -> None:
    exif = facts_of(pictures.with_exif(t0x010F="x" * 5000, t0x0131="\x1b[31mred\x07")).exif
    assert (exif.make, exif.software) == ("x" * 200, "[31mred")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_measured_the_right_way_up(format: str, orientation: int) -> None:
    """Left dark and right bright as displayed, however it lies in the file."""
    upright = Image.new("RGB", (60, 20))
    upright.paste("white", (30, 0, 60, 20))
    undo = {2: 0, 3: 1, 4: 4, 5: 5, 6: 2, 7: 6, 8: 3}  # as Image.Transpose: what the camera did
    turns = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM}
    turns |= {5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE}
    turns |= {8: Image.Transpose.ROTATE_270}
    assert set(undo) == set(turns)
    lying = upright.transpose(turns[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encoded(lying, format, exif=exif))
    assert (picture.width, picture.height) == (60, 20)
    assert picture.rgb.size == (60, 20)
    left, right = picture.rgb.getpixel((5, 10)), picture.rgb.getpixel((55, 10))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] < 20
    assert right[0] > 235


# What is refused


@pytest.mark.parametrize("format", FORMATS)
def test_a_truncated_picture_is_refused(format: str) -> None:
    data = encoded(galaxy(), format)
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(PictureError) as refusal:
            facts_of(data[: int(len(data) * share)])
        assert isinstance(refusal.value, BrokenPictureError), share


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        encoded(galaxy(), "BMP"),
        encoded(galaxy(), "ICO"),
    ],
    ids=["nothing", "text", "SVG", "PDF", "EPS", "BMP", "ICO"],
)
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(UnknownFormatError, match="not a picture in one of the formats JPEG, PNG, GIF, WEBP, TIFF"):
        facts_of(data)


@settings(max_examples=60)
@given(st.sampled_from(FORMATS), st.randoms(use_true_random=False))
def test_a_damaged_picture_has_facts_or_is_refused_and_nothing_else(format: str, chance: random.Random) -> None:
    data = bytearray(encoded(galaxy(40, 30), format))
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    for damaged in (bytes(data), bytes(data[: chance.randrange(len(data))])):
        with suppress(PictureError):
            assert facts_of(damaged).bytes == len(damaged)


def test_the_limit_of_pixels_holds_to_the_pixel() -> None:
    assert facts_of(encoded(Image.new("1", (4000, 4000)))).width == 4000
    with pytest.raises(PictureTooLargeError, match="4,001 × 4,000 pixels; a PNG like this may have 16 million"):
        facts_of(pictures.png(4001, 4000))


def test_a_large_jpeg_is_decoded_small_unless_it_is_progressive() -> None:
    large = Image.new("L", (4300, 4000), 128)
    assert facts_of(encoded(large, "JPEG", quality=5)).average_colour == "#808080"
    with pytest.raises(PictureTooLargeError, match="a JPEG like this may have 16 million"):
        facts_of(encoded(large, "JPEG", quality=5, progressive=True))


def test_more_bytes_than_allowed_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(PictureTooLargeError, match="20,000,001 bytes, of 20,000,000 allowed"):
        facts_of(bytes(20_000_001))


def test_a_picture_is_never_enlarged() -> None:
    assert decode(encoded(galaxy(30, 20))).rgb.size == (30, 20)
    assert decode(encoded(galaxy(3000, 20))).rgb.size == (512, 3)
    assert decode(encoded(galaxy(300, 200)), longest=100).rgb.size == (100, 67)


def test_light_and_numbers_agree_with_the_standard() -> None:
    """sRGB, IEC 61966-2-1."""
    assert [round(float(colours.LIGHT[value]), 4) for value in (0, 10, 128, 255)] == [0.0, 0.003, 0.2159, 1.0]


def test_a_picture_without_exif_has_none() -> None:
    assert facts_of(encoded(galaxy())).exif.model_dump(exclude_none=True) == {}
