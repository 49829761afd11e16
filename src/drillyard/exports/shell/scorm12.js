// Tells a SCORM 1.2 platform, through the API object that it puts into a window above this one.
"use strict";
{
  const MOST_SUSPEND_DATA = 4096;
  const span = (seconds) => {
    const two = (n) => String(Math.floor(n)).padStart(2, "0");
    return `${String(Math.floor(seconds / 3600)).padStart(4, "0")}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  };
  globalThis.DrillyardScorm12 = class {
    constructor(api) {
      Object.assign(this, { api, began: Date.now(), open: false });
    }

    static find(from) {
      for (let at = from, steps = 0; at && steps < 10; steps += 1) {
        if (at.API) return at.API;
        at = at.parent && at.parent !== at ? at.parent : at.opener;
      }
      throw new Error("No course platform is here: open this page from your course.");
    }

    set(name, value) {
      if (this.api.LMSSetValue(name, value) !== "true") {
        throw new Error(`The platform refused ${name}: ${this.api.LMSGetLastError()}.`);
      }
    }

    begin() {
      if (this.api.LMSInitialize("") !== "true") throw new Error("The platform did not open this activity.");
      this.open = true;
      if (this.api.LMSGetValue("cmi.core.lesson_status") === "not attempted") this.set("cmi.core.lesson_status", "incomplete");
      return this.api.LMSGetValue("cmi.suspend_data");
    }

    remember(text) {
      if (text.length > MOST_SUSPEND_DATA) throw new Error("Too much to remember.");
      this.set("cmi.suspend_data", text);
      this.api.LMSCommit("");
    }

    tell({ status, score }) {
      if (score !== null) {
        this.set("cmi.core.score.min", "0");
        this.set("cmi.core.score.max", "100");
        this.set("cmi.core.score.raw", String(Math.round(score * 10000) / 100));
      }
      this.set("cmi.core.lesson_status", status);
      this.api.LMSCommit("");
    }

    end() {
      if (!this.open) return;
      this.open = false;
      this.api.LMSSetValue("cmi.core.session_time", span((Date.now() - this.began) / 1000));
      this.api.LMSSetValue("cmi.core.exit", "suspend");
      this.api.LMSFinish("");
    }
  };
  if (globalThis.document) {
    try {
      DrillyardShell.start(new DrillyardScorm12(DrillyardScorm12.find(window)));
    } catch (error) {
      document.getElementById("told").textContent = error.message;
    }
  }
}
