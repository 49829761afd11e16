// Tells a cmi5 platform: statements to the record store that the launch names, in the order that cmi5 asks for.
"use strict";
{
  const VERBS = { initialized: "initialized", completed: "completed", passed: "passed", failed: "failed", terminated: "terminated" };
  const CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/";
  const span = (ms) => `PT${(ms / 1000).toFixed(2)}S`;
  globalThis.DrillyardCmi5 = class {
    constructor(launch, fetch, mastery) {
      for (const name of ["endpoint", "fetch", "actor", "registration", "activityId"]) {
        if (!launch.get(name)) throw new Error(`No course platform is here: the launch names no ${name}.`);
      }
      Object.assign(this, { launch, fetch, mastery, began: Date.now(), over: false });
    }

    async call(path, query, options = {}) {
      const to = `${this.launch.get("endpoint").replace(/\/$/, "")}/${path}?${new URLSearchParams(query)}`;
      const headers = { "X-Experience-API-Version": "1.0.3", Authorization: `Basic ${this.token}`, "Content-Type": "application/json" };
      return this.fetch(to, { ...options, headers });
    }

    state(name) {
      const { launch } = this;
      return { stateId: name, activityId: launch.get("activityId"), agent: launch.get("actor"), registration: launch.get("registration") };
    }

    async begin() {
      const answer = await (await this.fetch(this.launch.get("fetch"), { method: "POST" })).json();
      if (!answer["auth-token"]) throw new Error("This launch was used before: open the activity from your course again.");
      this.token = answer["auth-token"];
      const told = await this.call("activities/state", this.state("LMS.LaunchData"));
      if (!told.ok) throw new Error("The platform does not say how this activity was launched.");
      this.data = await told.json();
      await this.say("initialized");
      const kept = await this.call("activities/state", this.state("drillyard"));
      return kept.ok ? (await kept.json()).ticket ?? "" : "";
    }

    async remember(ticket) {
      await this.call("activities/state", this.state("drillyard"), { method: "PUT", body: JSON.stringify({ ticket }) });
    }

    async say(verb, result, moveOn = false) {
      const template = this.data.contextTemplate ?? {};
      const given = template.contextActivities ?? {};
      const category = [...(given.category ?? []), { id: `${CATEGORY}cmi5` }, ...(moveOn ? [{ id: `${CATEGORY}moveon` }] : [])];
      const statement = {
        id: crypto.randomUUID(), timestamp: new Date().toISOString(), actor: JSON.parse(this.launch.get("actor")),
        verb: { id: `http://adlnet.gov/expapi/verbs/${VERBS[verb]}`, display: { en: verb } },
        object: { objectType: "Activity", id: this.launch.get("activityId") },
        context: { ...template, registration: this.launch.get("registration"), contextActivities: { ...given, category } },
        ...(result && { result }),
      };
      const answer = await this.call("statements", { statementId: statement.id }, { method: "PUT", body: JSON.stringify(statement) });
      if (!answer.ok) throw new Error(`The record store refused “${verb}”: ${answer.status}.`);
    }

    // A session has one result: after it the learner opens the activity anew, which has a new token.
    async tell({ status, score, seconds }) {
      if (status === "incomplete" || this.over || this.data.launchMode !== "Normal") return;
      const passed = status === "passed";
      const mastery = this.data.masteryScore ?? this.mastery;
      const fits = score !== null && (mastery === undefined || score >= mastery === passed);
      const duration = span((seconds ?? 0) * 1000);
      if (passed) await this.say("completed", { completion: true, duration }, true);
      await this.say(status, { success: passed, duration, ...(fits && { score: { scaled: score } }) }, true);
      await this.finish();
    }

    async finish() {
      if (this.over || !this.data) return;
      this.over = true;
      await this.say("terminated", { duration: span(Date.now() - this.began) });
    }

    end() {
      return this.finish();
    }
  };
  if (globalThis.document) {
    try {
      const { mastery } = JSON.parse(document.body.dataset.setting);
      DrillyardShell.start(new DrillyardCmi5(new URLSearchParams(location.search), (to, options) => fetch(to, { ...options, keepalive: true }), mastery));
    } catch (error) {
      document.getElementById("told").textContent = error.message;
    }
  }
}
