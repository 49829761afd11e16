"""The drill "Judge a debate": disputes about an assistant's replies, with and without a debate, judged by chance."""

__all__: list[str] = []
