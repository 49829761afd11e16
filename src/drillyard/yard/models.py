"""The models that the yard lets learners talk to: opened once, kept while they are in use, a few speaking at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

from drillyard.records import Conversation, Instance
from drillyard.targets.base import Target

__all__ = ["MAX_OPEN", "MAX_SPEAKING", "Models"]

MAX_OPEN = 8
MAX_SPEAKING = 4


class Models:
    """Opens the target of an instance with `factory` and keeps the `MAX_OPEN` that were used last."""

    def __init__(self, factory: Callable[[Instance], Target]) -> None:
        self._factory = factory
        self._open: OrderedDict[str, Target] = OrderedDict()
        self._lock = threading.Lock()
        self._speaking = threading.BoundedSemaphore(MAX_SPEAKING)

    def stream(self, instance: Instance, conversation: Conversation, seed: int) -> Iterator[str]:
        """Yield the model's reply piece by piece."""
        with self._speaking:
            yield from self._target(instance).stream(conversation, seed)

    def _target(self, instance: Instance) -> Target:
        with self._lock:
            if instance.id not in self._open:
                self._open[instance.id] = self._factory(instance)
                if len(self._open) > MAX_OPEN:
                    self._open.popitem(last=False)
            self._open.move_to_end(instance.id)
            return self._open[instance.id]
