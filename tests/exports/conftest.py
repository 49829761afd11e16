"""What the tests of exports share: a running yard over a small programme."""

from yard.conftest import clock, programme, visit

__all__ = ["clock", "programme", "visit"]
