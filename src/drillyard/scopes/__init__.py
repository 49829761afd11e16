"""Scopes: what may be asked of a system and what is held true of it, compiled from a company's documents.

**What it is.** From a folder of product tables, FAQs, policies, a system prompt and tool schemas to typed facts, rules
and actions, each with the place where it stands; and from what a person has confirmed of them to a scope as audits,
judges, `align` and guards take it. `load_scope` opens either kind: a world or a compiled folder.
**What it is not.** A model that reads documents: what decides is grammar, so nothing is invented, and what it cannot
read is said, by line. A world is written for an organism; these documents are written by a company for its customers.
**Takes in.** CSV, Markdown, text, HTML, PDF, JSON. **Gives out.** A scope folder, and a `DocumentScope`.

- **document**: one file; **block**: a paragraph, list item or table row of it, under its headings.
- **fact**, **rule**, **action**: what is compiled (records); each is *open* until a person confirms or refuses it.
- **reopened**: a confirmed fact whose document has changed where it stands.
- **contradiction**: two facts about the same thing that cannot both be true; neither can be confirmed as it is.
- **coverage**: the share of confirmed facts that can be asked for in three wordings or more.
"""

__all__: list[str] = []
