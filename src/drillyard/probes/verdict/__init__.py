"""The verdict: what a probe may claim, from all its splits and controls."""

__all__: list[str] = []
