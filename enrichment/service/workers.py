"""A few threads that work on pictures, and a short queue before them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from enrichment.service.metrics import Metrics
from enrichment.web.problems import busy

T = TypeVar("T")


class Workers:
    """What is admitted is counted here, not by the threads: a caller that leaves frees its place when its work ends."""

    def __init__(self, threads: int, waiting: int, metrics: Metrics) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="picture")
        self._threads, self._most, self._metrics = threads, threads + waiting, metrics
        self._admitted = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Work on it in a thread, once one is free. Raises: Problem 429, if too many are waiting."""
        if self._admitted >= self._most:
            raise busy(f"{self._most - self._threads} pictures are waiting already.")
        self._count(+1)
        loop = asyncio.get_running_loop()
        asked = loop.time()

        def timed() -> T:
            self._metrics.queue_seconds.observe(loop.time() - asked)
            return work()

        future = self._pool.submit(timed)
        future.add_done_callback(lambda done: self._done(loop, done))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish what is admitted."""
        self._pool.shutdown()

    def _done(self, loop: asyncio.AbstractEventLoop, _: Future[T]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._count, -1)

    def _count(self, by: int) -> None:
        self._admitted += by
        self._metrics.working.set(min(self._admitted, self._threads))
        self._metrics.waiting.set(max(0, self._admitted - self._threads))
