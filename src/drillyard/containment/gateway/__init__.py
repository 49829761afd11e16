"""The oracle gateway: the one door between people who ask and a forecaster that nobody trusts."""

__all__: list[str] = []
