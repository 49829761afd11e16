"""Channels out of an oracle: how many bits its answers can carry, how many they do carry, and what narrows them."""

__all__: list[str] = []
