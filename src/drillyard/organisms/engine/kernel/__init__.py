"""The engine's compiled kernel: C that is built once on this machine, and what speaks with it."""

__all__: list[str] = []
