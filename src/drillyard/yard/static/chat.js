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

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    log.querySelector(".empty")?.remove();
    line("who", `You ${body.get("template")}`);
    line("said", field.value);
    line("who", "Model");
    const reply = line("reply", "");
    field.value = "";
    send.disabled = true;
    try {
      const response = await fetch(form.action, { method: "POST", headers: { Accept: "text/plain" }, body });
      if (response.redirected) return location.assign(response.url);
      if (!response.ok) {
        field.value = body.get("prompt");
        return form.submit(); // the page that comes back says what is wrong, at its field
      }
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece; !(piece = await reader.read()).done; toEnd()) reply.append(piece.value);
      // The stored chat, with its buttons, takes the place of what was streamed.
      await htmx.ajax("GET", location.pathname, { target: "#log", select: "#log > *", swap: "innerHTML" });
      toEnd();
    } catch {
      reply.append(" The model could not be reached. Send the message again.");
      field.value = body.get("prompt");
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
