"""Loss: severities, exact compound distributions, and a case's scenarios put together."""

__all__: list[str] = []
