"""A server that speaks the OpenAI API for organisms; `docs/how-to/serving.md` is its page.

- **order**: what a request asks for, read and checked. **choice**: one reply that it gets.
- **worker**: the one place where a served organism's batch is moved on, step by step.
"""

__all__: list[str] = []
