// The shell around a hosted drill: it opens the drill, asks the yard under a ticket how far it is, and tells the platform.
// The ticket is a random word that the learner, signed in at the yard, lends to their result; it tells nothing else.
"use strict";
globalThis.DrillyardShell = class {
  // platform: begin() → what was remembered, remember(text), tell({status, score, seconds}), end(); each may be async.
  constructor({ yard, drill, platform, fetch, open, every = 5000, show = () => {} }) {
    Object.assign(this, { yard, drill, platform, fetch, open, every, show, told: "" });
  }

  async begin() {
    const kept = await this.platform.begin(this);
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    this.ticket = /^[0-9a-f]{48}$/.test(kept) ? kept : [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
    await this.platform.remember(this.ticket);
    await this.ask();
  }

  address() {
    return `${this.yard}/shell/open?drill=${encodeURIComponent(this.drill)}&ticket=${this.ticket}`;
  }

  // Asks once, and returns whether there is nothing more to ask.
  async ask() {
    let state;
    try {
      const answer = await this.fetch(`${this.yard}/shell/state?ticket=${this.ticket}`);
      if (!answer.ok) throw new Error(answer.status);
      state = await answer.json();
    } catch {
      this.show("The yard cannot be reached at the moment. Your work there is kept; this page asks again.");
      return false;
    }
    const words = {
      unknown: "Not opened yet.", incomplete: "Begun; no result yet.",
      passed: "Passed. The result was passed on to your course.",
      failed: "Not passed yet. Try again in the yard; then open this activity from your course once more.",
    };
    this.show(words[state.status]);
    const now = JSON.stringify(state);
    if (state.status in words && state.status !== "unknown" && now !== this.told) {
      await this.platform.tell(state, this);
      this.told = now;
    }
    return state.status === "passed" || Boolean(this.platform.over);
  }

  async follow(wait) {
    while (!(await this.ask())) await wait(this.every);
  }

  static start(platform) {
    const told = document.getElementById("told");
    const shell = new this({
      ...JSON.parse(document.body.dataset.setting), platform, fetch: (to) => fetch(to, { credentials: "omit" }),
      open: (to) => window.open(to, "_blank", "noopener"), show: (words) => { told.textContent = words; },
    });
    const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
    document.getElementById("open").addEventListener("click", () => shell.open(shell.address()));
    addEventListener("pagehide", () => platform.end());
    shell.begin().then(() => shell.follow(pause)).catch((error) => shell.show(error.message));
    return shell;
  }
};
