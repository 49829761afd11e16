"""The configuration: read from files there, one value here."""

from types import SimpleNamespace

run = SimpleNamespace(seed=None)


def load_base_config() -> None:
    """Set what a run begins with."""
    run.seed = None
