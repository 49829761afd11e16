// Keeps what is typed into a form that has `data-draft`, on the server, shortly after it is typed. Where the server cannot
// be reached, or the session has ended, it stays in this tab until it can be kept; so does what was sent and not taken.
"use strict";
{
  const WAIT = 400; // ms after the last key
  const AGAIN = 4000; // ms until what could not be kept is sent again
  const timers = new Map();
  const SENT = "sent"; // where what was sent last stays until a page says that it was taken
  const told = new Map(); // the request that is under way, by address

  const fields = (form) => [...new FormData(form)].filter(([name, value]) => name !== "csrf" && typeof value === "string");
  const quiet = (form) => {
    clearTimeout(timers.get(form.dataset.draft));
    told.get(form.dataset.draft)?.abort();
    sessionStorage.removeItem(form.dataset.draft);
  };
  const say = (form, words) => {
    const line = (form.querySelector(".kept") ? form : form.closest("section"))?.querySelector(".kept");
    if (line) line.textContent = words;
  };

  const keep = async (form) => {
    const to = form.dataset.draft;
    const body = new URLSearchParams([["csrf", form.elements.csrf.value], ...fields(form)]);
    const request = new AbortController();
    told.get(to)?.abort();
    told.set(to, request);
    try {
      const answer = await fetch(to, { method: "POST", body, signal: request.signal, redirect: "manual" });
      if (answer.status !== 204) throw new Error(answer.status);
      sessionStorage.removeItem(to);
      say(form, "Kept as you type.");
    } catch {
      if (request.signal.aborted) return;
      sessionStorage.setItem(to, JSON.stringify(fields(form)));
      say(form, "Not kept on the server yet; it stays in this tab.");
      later(form, AGAIN);
    }
  };
  const later = (form, wait) => {
    clearTimeout(timers.get(form.dataset.draft));
    timers.set(form.dataset.draft, setTimeout(() => document.contains(form) && keep(form), wait));
  };
  const fill = (form, values) => {
    const left = new Map();
    for (const [name, value] of values) left.set(name, [...(left.get(name) ?? []), value]);
    for (const control of form.elements) {
      if (!control.name || control.type === "hidden" || control.tagName === "BUTTON") continue;
      const mine = left.get(control.name) ?? [];
      if (control.type === "checkbox") control.checked = mine.includes(control.value);
      else if (mine.length) control.value = mine.shift();
    }
  };

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.dataset.draft) later(form, WAIT);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.dataset.draft) return;
    quiet(event.target);
    if (event.target.id !== "say") sessionStorage.setItem(SENT, JSON.stringify([event.target.dataset.draft, fields(event.target)]));
    if (event.submitter?.dataset.busy) say(event.target, event.submitter.dataset.busy);
  }, true);
  // A page that has the form "unsent" is the answer to a form that was not taken.
  const settle = () => {
    const sent = JSON.parse(sessionStorage.getItem(SENT));
    const again = document.getElementById("unsent");
    if (!again) sessionStorage.removeItem(SENT);
    else if (sent?.[0].startsWith(again.getAttribute("action").split("/").slice(0, 3).join("/") + "/")) {
      sessionStorage.setItem(sent[0], JSON.stringify(sent[1]));
      again.addEventListener("submit", () => sessionStorage.removeItem(sent[0]));
    }
  };
  document.addEventListener("htmx:after:swap", () => {
    settle();
    if (document.body.className === "read" || document.querySelector(".pane")) return;
    document.body.className = "read"; // an error page in place of a drill's
    scrollTo(0, 0);
  });
  settle();
  addEventListener("online", () => {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      if (sessionStorage.getItem(form.dataset.draft)) keep(form);
    }
  });
  for (const form of document.querySelectorAll("form[data-draft]")) {
    const left = sessionStorage.getItem(form.dataset.draft);
    if (!left) continue;
    fill(form, JSON.parse(left));
    keep(form);
  }
}
