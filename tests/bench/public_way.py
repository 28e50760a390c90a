"""The public pipeline's way to describe pictures, as small as it can be: `python -m tests.bench.public_way` serves it.

Each request decodes the whole picture and measures all its pixels, as soon as it comes: nothing is remembered, nobody
waits in a queue, no size is refused. It is kinder than the original: it gets bytes and fetches no URL, keeps pixels
in an array instead of a list of tuples, and has threads. Like the original, it returns few facts; it has no network.
"""

from __future__ import annotations

import io
import socket

import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool

from enrichment.facts import hashes

Image.MAX_IMAGE_PIXELS = None
app = FastAPI()


def described(data: bytes) -> dict[str, object]:
    """Size, average colour and perceptual hash."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    average = np.asarray(picture).reshape(-1, 3).mean(axis=0)
    return {
        "width": picture.width,
        "height": picture.height,
        "average_colour": [round(part) for part in average],
        "phash": hashes.perceptual(picture),
    }


@app.post("/image-metadata")
async def metadata(request: Request) -> dict[str, object]:
    """The body is the picture."""
    return await run_in_threadpool(described, await request.body())


if __name__ == "__main__":
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
