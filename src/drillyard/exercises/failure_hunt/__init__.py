"""The drill "failure hunt": find what is wrong with a customer-service model before it is deployed."""

__all__: list[str] = []
