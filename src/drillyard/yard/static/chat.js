// Streams the model's reply into the page. Without this file the form is sent as it is and the reply comes whole.
"use strict";
{
  const log = document.getElementById("log");
  const form = document.getElementById("say");
  const field = document.getElementById("prompt");
  const send = form.querySelector("button");
  const toEnd = () => { log.scrollTop = log.scrollHeight; };
  const line = (kind, words) => {
    const p = document.createElement("p");
    p.className = kind;
    p.textContent = words;
    log.append(p);
    toEnd();
    return p;
  };
  const place = (ahead) => {
    if (!ahead) return "You are next.";
    return ahead === 1 ? "1 message is ahead of yours." : `${ahead} messages are ahead of yours.`;
  };

  // The events of a reply, one line of JSON each: {ahead} while it waits, then {piece}, or {error} with what is wrong.
  const events = async function* (response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let part; !(part = await reader.read()).done;) {
      const lines = (text + part.value).split("\n");
      text = lines.pop();
      yield* lines.filter(Boolean).map((one) => JSON.parse(one));
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    log.querySelector(".empty")?.remove();
    const before = log.lastChild;
    line("who", `You ${body.get("template")}`);
    line("said", field.value);
    line("who", "Model");
    const wait = line("muted", "");
    wait.setAttribute("role", "status");
    const reply = line("reply", "");
    const failed = (words) => {
      wait.remove();
      if (!reply.textContent) reply.remove();
      line("error", words).setAttribute("role", "alert");
      if (field.value) return;
      field.value = body.get("prompt");
      field.dispatchEvent(new Event("input", { bubbles: true })); // so that it is kept like what is typed
    };
    field.value = "";
    send.disabled = true;
    try {
      const response = await fetch(form.action, { method: "POST", headers: { Accept: "application/x-ndjson" }, body });
      if (response.redirected) return location.assign(response.url);
      if (!/json/.test(response.headers.get("Content-Type"))) {
        return failed("The yard could not take this message. Load the page again; if it stays, tell your designer.");
      }
      if (!response.ok) { // nothing was said: the turn that stood there goes
        while (log.lastChild !== before) log.lastChild.remove();
        return failed((await response.json()).error);
      }
      for await (const { ahead, piece, error } of events(response)) {
        if (error) return failed(error);
        if (piece === undefined) wait.textContent = place(ahead);
        else wait.remove();
        reply.append(piece ?? "");
        toEnd();
      }
      // The stored chat, with its buttons, takes the place of what was streamed.
      await htmx.ajax("GET", location.pathname, { target: "#log", select: "#log > *", swap: "innerHTML" });
      toEnd();
    } catch {
      failed("The model could not be reached. Send the message again.");
    } finally {
      send.disabled = false;
      field.focus();
    }
  });

  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!send.disabled) form.requestSubmit();
  });

  toEnd();
}
