"""The drill "Investment case": what to fund, by a loss distribution that is known, and what the numbers do not say."""

__all__: list[str] = []
