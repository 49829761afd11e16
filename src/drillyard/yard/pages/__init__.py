"""The pages of the yard, one file per group; each handler is a function from a `Visit` to a response."""

__all__: list[str] = []
