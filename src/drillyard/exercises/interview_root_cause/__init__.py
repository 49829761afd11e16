"""The drill "Interview: root cause": a production incident on paper, answered in prose, mitigation first."""

__all__: list[str] = []
