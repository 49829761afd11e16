"""Benchmarks in and out: read other people's cases, ask a target once, judge as they do, write them for other tools.

- **benchmark**: cases and criteria (`records.Benchmark`), stored as one JSON record a line.
- **import**: from OpenAI Evals registries, the hosted Evals API's JSON, Inspect datasets, and findings of an audit.
- **run**: a folder with the replies, the grader's replies, the verdicts and the report.
- **export**: a registry for `oaieval`, a task for `inspect eval`, plain JSON lines.
"""

__all__: list[str] = []
