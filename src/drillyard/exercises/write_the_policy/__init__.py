"""The drill "Write the policy": rails in plain words from a house's policy, run on questions that were not seen."""

__all__: list[str] = []
