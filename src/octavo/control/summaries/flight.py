"""One answer for all who ask the same while it is being worked out. Nothing is kept afterwards: who asks later has it worked out anew."""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Flight(Generic[Answer]):
    """Work under way, by what was asked. A key says everything on which the answer depends, above all whose data it is and who may see it."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Future[Answer]] = {}
        self._waiting: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def share(self, key: Hashable, work: Callable[[], Answer]) -> Answer:
        """What `work` gives, or what it gives to whoever has begun it under this key and is not done. Raises what it raises."""
        with self._lock:
            found = self._under_way.get(key)
            mine: Future[Answer] | None = None
            if found is None:
                mine = self._under_way[key] = Future()
            else:
                self._waiting[key] += 1
        if found is not None:
            return found.result()
        assert mine is not None
        try:
            answer = work()
        except BaseException as error:
            self._end(key)
            mine.set_exception(error)
            raise
        self._end(key)
        mine.set_result(answer)
        return answer

    def _end(self, key: Hashable) -> None:
        with self._lock:
            del self._under_way[key]
            del self._waiting[key]

    def waiting(self, key: Hashable | None = None) -> int:
        """How many wait for what others have begun: under this key, or in all."""
        with self._lock:
            return self._waiting.total() if key is None else self._waiting[key]
