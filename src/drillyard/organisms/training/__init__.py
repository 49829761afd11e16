"""Training: bases, variants and adapters, with torch where the name of a file says so."""

__all__: list[str] = []
