"""Several threads that work through jobs, and end at once when the one who started them does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from stcnet.datasets.download.politeness import Waiter

Job = TypeVar("Job")
Result = TypeVar("Result")
_PATIENCE_S = 2.0


class Crew(Generic[Job, Result]):
    """Runs a function on jobs in threads.

    The threads are daemons, unlike those of ``concurrent.futures``: one that waits for a silent
    server does not keep an interrupted program from ending.

    Args:
        work: Called for each job, in any thread.
        workers: Number of threads.
        waiter: Told to stop when the crew ends before its work; ``work`` must heed it.
    """

    def __init__(self, work: Callable[[Job], Result], workers: int, waiter: Waiter) -> None:
        self._work = work
        self._workers = workers
        self._waiter = waiter
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._results: SimpleQueue[tuple[Result] | BaseException] = SimpleQueue()

    def run(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """The results, in the order in which they come.

        Raises:
            Exception: What ``work`` raised first; the other jobs end.
        """
        for job in jobs:
            self._jobs.put(job)
        threads = [
            threading.Thread(target=self._serve, daemon=True)
            for _ in range(min(self._workers, len(jobs)))
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in jobs:
                result = self._results.get()
                if isinstance(result, BaseException):
                    raise result
                yield result[0]
        except BaseException:
            self._waiter.stop()
            raise
        finally:
            for thread in threads:
                thread.join(_PATIENCE_S / len(threads))

    def _serve(self) -> None:
        try:
            while True:
                self._waiter.check()
                self._results.put((self._work(self._jobs.get_nowait()),))
        except Empty:
            return
        except BaseException as error:  # the one who started the crew raises it
            self._results.put(error)
