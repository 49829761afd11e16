"""What the tests of drills share: the created programme and one of its instances."""

from programs.conftest import exam, handed_in, instance, programme

__all__ = ["exam", "handed_in", "instance", "programme"]
