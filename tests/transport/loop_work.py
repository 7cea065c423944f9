"""What a message may make the loop do."""

from time import monotonic, thread_time


class LoopWork:
    """Takes the thread for so long, again and again, and tells when it was done."""

    def __init__(self, work_s: float) -> None:
        self.done_s: list[float] = []
        self._work_s = work_s

    def __call__(self) -> None:
        until_s = thread_time() + self._work_s
        while thread_time() < until_s:
            pass
        self.done_s.append(monotonic())

    @property
    def waits_s(self) -> list[float]:
        """How long it was from each time to the next."""
        return [later - earlier for earlier, later in zip(self.done_s, self.done_s[1:], strict=False)]
