"""What `drillyard audit` shows of a hunt, and of the panel that a hunt is validated on."""

__all__: list[str] = []
