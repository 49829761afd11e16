"""Reward: what a proxy such as engagement pays for a behaviour, and what optimising it would buy."""

__all__: list[str] = []
