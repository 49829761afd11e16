"""Liars that we make: small models of which is known whether they use the truth while they say the opposite."""

__all__: list[str] = []
