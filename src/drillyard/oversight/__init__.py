"""Oversight: models that argue, check and answer for each other, and who decides before an answer takes effect.

**What it is.** Recipes whose calls are recorded; protocols with honest controls; value trees; an overseer that is live.
**What it is not.** A guard, which scores one message, or a proof: a protocol may be no better than asking twice.
**Takes in.** Questions with known answers, agents, a judge, drafts. **Gives out.** Traces, comparisons, decisions.

- **agent**: whoever is asked: a model, a person, a script, a recording. **call**: one question to one agent, recorded.
- **recipe**: an async function whose calls form a tree; **trace**: that tree; **budget**: the most that it may ask.
- **case**: a question with two answers, one of them true, and a **source** that the judge may not see.
- **protocol**: who may say what to the judge: direct, consultancy, debate, factored, amplification, ensemble.
- **control**: what a protocol must beat to count: asking again for as many tokens, evidence drawn at random, a
  transcript of another case; **collusion**: both sides argue for the false answer.
- **selection accuracy**: whether the answer that a debater commits to is true.
- **value tree**: what people value, down to leaves that can be observed; **anchor**: what good and bad look like.
- **claim**: one statement of an answer, checked by itself; **coherence**: that forecasts obey the laws of chance.
- **critic**: reads a draft with the policy; **overseer**: passes, rewrites or holds it, for a person.
- **null overseer**: `ApproveAll` passes everything; it lets other pieces run alone.
"""

__all__: list[str] = []
