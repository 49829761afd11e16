"""Tasks: many independent pieces of work, run in processes, on a cluster, or in parts by a scheduler.

**What it is.** One way to run a list of pure functions that each leave one file: `run_tasks`.
**What it is not.** A queue, a workflow or a store: nothing that is needed lives anywhere but in the run's folder.
**Takes in.** Tasks, the folder of their run, a `Placement`. **Gives out.** The files, and the tasks as they finish.

- **task**: a function of a module and its arguments, and the file that is there, whole, once it is done. It must be
  pure: run twice, anywhere, it leaves equal bytes. So one that is lost is simply run again.
- **placement**: where tasks run: how many **workers** at a time, in processes of this machine or **on** Ray, and which
  **part** of them.
- **worker**: a process that runs one task at a time with one thread of arithmetic, and a share of its node's memory.
- **node**: a machine of a cluster; it must see the run's folder, run the same code, and tell the right time.
- **try**: a start of a task; one that crashes, hangs or takes too much memory has three, then it is named and left out.
- **journal**: how every try ended, one a line. The files say what is done; the journal says how it went.
- **part**: every n-th task, for the jobs of an array that know nothing of each other; a **merge** checks that every
  part was run once, by the same code, and leaves the folder as one process would.
"""

__all__: list[str] = []
