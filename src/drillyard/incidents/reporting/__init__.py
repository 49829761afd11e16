"""Reports of a case: one page, one JSON document, a post-mortem, and a draft of the notification by Article 73."""

__all__: list[str] = []
