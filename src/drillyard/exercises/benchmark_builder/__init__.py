"""The drill "Benchmark builder": five evals that catch what an audit found, and let a sound model pass."""

__all__: list[str] = []
