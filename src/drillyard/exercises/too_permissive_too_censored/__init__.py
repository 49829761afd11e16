"""The drill "Too permissive, too censored": make a model safe without making it useless, by two techniques."""

__all__: list[str] = []
