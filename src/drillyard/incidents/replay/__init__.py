"""Replay: which segments of a prompt cause a behaviour, certified at a stated error, on the live target."""

__all__: list[str] = []
