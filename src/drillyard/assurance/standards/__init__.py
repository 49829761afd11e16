"""Standards: which duty wants what kind of evidence, as data with source and day; texts are our own words."""

__all__: list[str] = []
