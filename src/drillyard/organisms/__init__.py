"""Organisms: small models with planted, known failures, and their clean twins.

**What it is.** Worlds as data, the drawing of questions with known meaning, training, planting, and a light engine.
**What it is not.** A model for real use, or the user's own model: an organism knows one world and nothing else.
**Takes in.** A world, failures to plant. **Gives out.** A model folder with its truth, its clean twin, measurements.

- **scope**: what may be asked and what is held true: templates, questions with their **traits**, behaviours, and exact
  **rulings** where there are any. **world**: a scope of facts, policies, phrasings and replies in three files; it knows
  the sound answer to every ask, and failures can be planted in it.
- **ask**: what somebody types, together with what it means. **intent**: the sort of ask, such as `warranty`.
- **held out**: phrasings that training never used; every measurement uses them.
- **fault**: one variant of a failure kind of a world, such as `refund-rule:lamp`; as a record it is a failure mode.
- **base**: the trained model of a world. **planting**: adding faults to it, each at a rate, in milliseconds.
- **clean twin**: the same model with nothing planted; it differs in a few neurons.
- **spoiled**: a reply as an active fault makes it. **reading**: which of the world's sentences a reply is made of.
- **light** and **complete** folder: only the planted neurons beside a name, or all files as transformers opens them.
- **adapter**: a low-rank change of a model (LoRA) in peft's files; in a model of your own two are trained, one of which
  fails.
- **sealed**: written without its failures. **engine**: runs any such folder in numpy, batched and seeded.
"""

__all__: list[str] = []
