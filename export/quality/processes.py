"""Work spread over processes, one core each."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import NoReturn, TypeVar

from tqdm import tqdm

Task = TypeVar("Task")
Result = TypeVar("Result")

THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def default_processes() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    work: Callable[[Task], Result], tasks: Sequence[Task], processes: int, title: str, sizes: Sequence[int]
) -> list[Result]:
    """Return `work` of every task, in order, with a progress bar that counts `sizes`.

    One process: the caller's. Otherwise `work` and `tasks` have to be picklable. The first error is raised.
    """
    # disable=None: no bar where standard error is not a terminal.
    with tqdm(total=sum(sizes), desc=title, unit="clip", disable=None) as bar:
        if processes <= 1 or len(tasks) <= 1:
            results = []
            for task, size in zip(tasks, sizes, strict=True):
                results.append(work(task))
                bar.update(size)
            return results
        return _spread_out(work, tasks, processes, sizes, bar)


def _spread_out(
    work: Callable[[Task], Result], tasks: Sequence[Task], processes: int, sizes: Sequence[int], bar: tqdm[NoReturn]
) -> list[Result]:
    # The children read it when they start; more threads than cores make each other wait.
    os.environ.update(THREADS)
    done: dict[int, Result] = {}
    with ProcessPoolExecutor(min(processes, len(tasks)), mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(work, task): index for index, task in enumerate(tasks)}
        try:
            for future in as_completed(futures):
                done[futures[future]] = future.result()
                bar.update(sizes[futures[future]])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [done[index] for index in range(len(tasks))]
