"""Incidents: from production logs to the cause, and to remedies whose effect is measured.

**What it is.** Logs of a deployed assistant read into a sealed case, searched for what triggers a behaviour.
**What it is not.** An audit: it asks no model anything until a replay does, and speaks of what users really got.
**Takes in.** Logs of any common form, with labels of which replies were bad. **Gives out.** A case folder.

- **case**: the folder of one incident: rows, prompts, spec, seal, and what each step found.
- **row**: one reply of the assistant, with all that the logs say about it.
- **prompt**: the instructions that stood before a reply; **template**: a prompt with its variable parts taken out;
  **segment**: one sentence, bullet or heading of it.
- **coverage**: how many rows of the logs could be used, and why the others could not.
- **seal**: hashes, each over the one before, that show whether a file was changed after the case was opened.
- **selector**: something that is true of a row or not; **rule**: up to four of them together.
- **trigger**: a rule under which the behaviour is more frequent than chance explains, found on one half of the
  sessions and confirmed on the other.
- **confounder**: something that goes with the trigger and could explain it; **cohort**: users of one kind.
- **replay**: logged inputs asked again behind a changed prompt; **arm**: one such change for all inputs.
- **certificate**: a minimal cause, each of whose claims was tested by itself, at a stated error for all together.
- **shadow price**: what a proxy such as engagement pays for one bad reply, all else alike.
- **remedy**: a layer that is to help, measured before and after: a guard, a revised reward, an overseer.
- **change point**: when the rate of the behaviour changed, and what was deployed then.
"""

__all__: list[str] = []
