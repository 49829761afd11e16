"""The engine: model files, networks in numpy and C, batched generation, and organisms ready to run."""

__all__: list[str] = []
