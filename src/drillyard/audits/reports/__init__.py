"""An audit's report in the formats that people and their tools read, all from the one record."""

__all__: list[str] = []
