"""Benchmarks in and out: read other people's cases, ask a target once, judge as they do, write them for other tools.

**What it is.** Cases with criteria for a good reply, and the verdicts that the tool they come from would give.
**What it is not.** A search: a benchmark asks what it was given, an audit decides what to ask next.
**Takes in.** Other tools' files, findings of an audit, a target. **Gives out.** Runs, verdicts, files for other tools.

- **benchmark**: cases and criteria (`records.Benchmark`), stored as one JSON record a line.
- **import**: from OpenAI Evals registries, the hosted Evals API's JSON, Inspect datasets, and findings of an audit.
- **run**: a folder with the replies, the grader's replies, the verdicts and the report.
- **grader**: a language model that gives a label or a score where a criterion asks for one.
- **rescue**: a hosted eval's export becomes benchmarks, runs that can be judged again, and a registry.
- **export**: a registry for `oaieval`, a task for `inspect eval`, plain JSON lines.
- **regression test**: a finding as a case, sampled often enough to see its rate again.
"""

__all__: list[str] = []
