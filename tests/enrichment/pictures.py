"""Pictures made for tests: drawn by us, in every format, and some that no honest program would write."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image


def galaxy(width: int = 96, height: int = 64, seed: int = 7) -> Image.Image:
    """A bright core with two arms on a sky of stars; another seed is another sky."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    dx, dy = (x - width / 2) / width, (y - height / 2) / height
    radius, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    arms = np.exp(-radius * 5) * (0.6 + 0.4 * np.cos(2 * angle + 12 * radius + seed))
    light = np.stack([arms * 1.0, arms * 0.85, arms * 1.1], axis=-1)
    stars = random.random((height, width, 1)) > 0.985
    pixels = (255 * np.clip(light + stars * random.random((height, width, 1)), 0, 1)).astype(np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


SIZES = ((320, 240), (1024, 768), (96, 64), (800, 1200), (1600, 900), (64, 64), (1024, 1024), (5, 700))
FORMATS = (("JPEG", {}), ("PNG", {}), ("WEBP", {}), ("JPEG", {"progressive": True}), ("GIF", {}), ("TIFF", {}))


def mixed(number: int) -> Iterator[bytes]:
    """So many files, no two alike, of all sizes and formats; one in ten is odd, one in twenty no picture to the end."""
    rare = itertools.cycle(odd().values())
    for each in range(number):
        size, (format, options) = SIZES[each % len(SIZES)], FORMATS[each % len(FORMATS)]
        if each % 10 == 9:
            yield next(rare) + each.to_bytes(4)
            continue
        data = encoded(galaxy(*size, seed=each), format, **options)
        yield data[: len(data) // 2] if each % 20 == 10 else data


def with_exif(**tags: Any) -> bytes:
    """A JPEG with a place, and with these tags by number (`t0x010F="Canon"`)."""
    exif = Image.Exif()
    for name, value in tags.items():
        exif[int(name.removeprefix("t"), 16)] = value
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0), 29: "2024:05:01"})
    exif.get_ifd(0x8769).update({0x9003: "2024:05:01 21:00:00", 0x927C: b"secret of the maker"})
    return encoded(galaxy(), "JPEG", exif=exif)


def odd() -> dict[str, bytes]:
    """What is rare but right: each of these has facts."""
    picture = galaxy()
    grey = np.asarray(picture.convert("L"))
    many = [galaxy(seed=seed).resize((32, 24)) for seed in range(60)]
    return {
        "CMYK JPEG": encoded(picture.convert("CMYK"), "JPEG"),
        "16-bit grey PNG": encoded(Image.fromarray(grey.astype(np.uint16) * 257)),
        "grey with alpha PNG": encoded(picture.convert("LA")),
        "transparent palette PNG": encoded(picture.convert("P"), transparency=0),
        "black and white PNG": encoded(picture.convert("1")),
        "1 × 1 PNG": encoded(picture.resize((1, 1))),
        "5 × 4000 PNG": encoded(picture.resize((5, 4000))),
        "floating point TIFF": encoded(Image.fromarray(grey.astype(np.float32) * 1e6), "TIFF"),
        "floating point TIFF with gaps": encoded(Image.fromarray(np.where(grey > 128, np.nan, grey)), "TIFF"),
        "32-bit TIFF": encoded(Image.fromarray(grey.astype(np.int32) * 70_000), "TIFF"),
        "JPEG in TIFF": encoded(picture, "TIFF", compression="jpeg"),
        "GIF of 60 frames": encoded(many[0], "GIF", save_all=True, append_images=many[1:]),
        "WebP of 3 frames": encoded(many[0], "WEBP", save_all=True, append_images=many[1:3]),
        "transparent WebP": encoded(picture.convert("RGBA"), "WEBP"),
        "progressive JPEG": encoded(picture, "JPEG", progressive=True),
    }


def bombs() -> dict[str, bytes]:
    """Small files that want much memory or time: each of these is refused, cheaply."""
    scans = _repeated_scan(encoded(galaxy(512, 512), "JPEG", progressive=True), 20_000)
    return {
        "PNG of 60,000 × 60,000": png(60_000, 60_000),
        "PNG of 1 × 2^31": png(1, 2**31 - 1),
        "PNG with a text of 20 MB": png(8, 8, _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(20_000_000), 9))),
        "PNG with a profile of 20 MB": png(8, 8, _chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(20_000_000), 9))),
        "GIF of 200,000 frames": _gif_of(200_000),
        "TIFF of 60,000 × 60,000": _tiff(
            {256: 60_000, 257: 60_000, 258: 8, 259: 1, 262: 1, 273: 8, 278: 60_000, 279: 8}
        ),
        "TIFF with tiles of 2^30": _tiff(
            {256: 9, 257: 9, 258: 8, 259: 5, 262: 1, 322: 2**30, 323: 2**30, 324: 8, 325: 8}
        ),
        "TIFF whose frames never end": _endless_tiff(),
        "WebP of 16,383 × 16,383": encoded(Image.new("RGB", (16, 16)), "WEBP", lossless=True)[:21] + b"\xff" * 200,
        "JPEG of 65,500 × 65,500": _resized_jpeg(65_500, 65_500),
        "progressive JPEG of 20,000 scans": scans,
    }


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG of a few bytes that promises that many pixels of nothing."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    content = _chunk(b"IDAT", zlib.compress(bytes(min(height * (width + 1), 100_000))))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + content + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _gif_of(frames: int) -> bytes:
    first = encoded(Image.new("P", (1, 1)), "GIF")
    frame = b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00"
    return first.removesuffix(b";") + frame * frames + b";"


def _tiff(tags: dict[int, int], following: int = 0) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


def _endless_tiff() -> bytes:
    tags = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 278: 1, 279: 1}
    return _tiff(tags, following=8)


def _resized_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header is a lie."""
    data = bytearray(encoded(galaxy(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def _repeated_scan(progressive: bytes, times: int) -> bytes:
    """The last scan of a progressive JPEG, drawn that often."""
    at, end = progressive.rindex(b"\xff\xda"), progressive.rindex(b"\xff\xd9")
    header = progressive[at : at + 2 + int.from_bytes(progressive[at + 2 : at + 4], "big")]
    return progressive[:end] + (header + b"\x00\x00") * times + progressive[end:]


HEAVIEST = ("RGBA PNG", "RGBA WebP", "palette PNG with transparency", "CMYK JPEG of 98 MP", "progressive JPEG")


def heaviest() -> dict[str, bytes]:
    """The largest that is still read, small in bytes: what a picture can cost at most."""
    clear = Image.new("RGBA", (4000, 4000))
    made = (
        encoded(clear, compress_level=1),
        encoded(clear, "WEBP", lossless=True, method=0, quality=0),
        encoded(Image.new("P", (4000, 4000)), compress_level=1, transparency=0),
        encoded(Image.new("CMYK", (9900, 9900)), "JPEG", quality=20),
        encoded(Image.new("RGB", (4000, 4000)), "JPEG", progressive=True, subsampling=0, quality=20),
    )
    return dict(zip(HEAVIEST, made, strict=True))
