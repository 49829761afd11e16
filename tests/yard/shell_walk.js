// Runs the shell of a package without a browser: node shell_walk.js scorm12|cmi5 FOLDER YARD DRILL [RUN_TIME | LAUNCH]
// Prints a line of JSON when it has begun, waits for a line on stdin, asks the yard again, and prints what it ended with.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");
const readline = require("readline");

const [kind, folder, yard, drill, extra, mastery] = process.argv.slice(2);
const load = (file) => vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: file });
load(path.join(folder, "shell.js"));
load(path.join(folder, `${kind}.js`));

const main = async () => {
  let api;
  let platform;
  if (kind === "scorm12") {
    globalThis.window = globalThis;
    load(extra);
    api = new globalThis.Scorm12API({ autocommit: false, logLevel: 5 });
    platform = new DrillyardScorm12(DrillyardScorm12.find({ parent: { parent: null, API: api } }));
  } else {
    platform = new DrillyardCmi5(new URL(extra).searchParams, fetch, Number(mastery));
  }
  const shell = new DrillyardShell({ yard, drill, platform, fetch: (to) => fetch(to) });
  await shell.begin();
  console.log(JSON.stringify({ address: shell.address() }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const over = await shell.ask();
    console.log(JSON.stringify({ over, status: api?.LMSGetValue("cmi.core.lesson_status") }));
    if (line === "end") break;
  }
  await platform.end();
  console.log(JSON.stringify(api ? { cmi: api.cmi.toJSON(), error: api.LMSGetLastError() } : {}));
  process.exit(0);
};
main().catch((error) => {
  console.log(JSON.stringify({ failed: error.message }));
  process.exit(1);
});
