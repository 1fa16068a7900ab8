"use strict";

const byId = (id) => document.getElementById(id);

function report(text, failed) {
  const message = byId("message");
  message.textContent = text;
  message.classList.toggle("failed", Boolean(failed));
}

// What a person opened stays open in the element that replaces it, and what had the focus has it again.
function replace(old, next) {
  const adopted = document.adoptNode(next);
  for (const opened of old.querySelectorAll("details[open]")) {
    for (const details of adopted.querySelectorAll("details")) {
      if (details.dataset.name === opened.dataset.name) details.open = true;
    }
  }
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  old.replaceWith(adopted);
  if (focused) byId(focused)?.focus();
  return adopted;
}

// Rows that did not change are not touched, so that videos continue to play and selected text stays selected.
function updateRows(body, next) {
  const wanted = [...next.children];
  const ids = new Set(wanted.map((row) => row.id));
  for (const row of [...body.children]) {
    // What a person reads does not give way to newer rows.
    const isRead = wanted.length > 0 && row.querySelector("details[open]");
    if (!ids.has(row.id) && !isRead) row.remove();
  }
  let place = body.firstElementChild;
  for (const row of wanted) {
    let old = byId(row.id);
    if (!old) {
      body.insertBefore(document.adoptNode(row), place);
      continue;
    }
    if (old.dataset.version !== row.dataset.version) {
      const isPlace = old === place;
      old = replace(old, row);
      if (isPlace) place = old;
    }
    if (old === place) place = place.nextElementSibling;
    else body.insertBefore(old, place);
  }
}

let newest = 0;

async function refresh() {
  newest += 1;
  const number = newest;
  const answer = await fetch("/__sim/", { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(`the simulator answered ${answer.status}`);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  // An older answer must not overwrite what a newer one showed.
  if (number !== newest) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = next.getElementById(part.id);
    if (part.dataset.live === "rows") updateRows(part, other);
    else if (part.outerHTML !== other.outerHTML) replace(part, other);
  }
}

async function send(method, path, body, done) {
  try {
    const answer = await fetch(`/__sim/${path}`, { method, body });
    const content = await answer.json();
    if (answer.ok) report(done);
    else report(content.error.message, true);
    await refresh();
  } catch (error) {
    report(`The simulator does not respond: ${error.message}`, true);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-method]");
  if (!button) return;
  const { method, path, body, done } = button.dataset;
  send(method, path, body, done || "Done.");
});

byId("advance").addEventListener("submit", (event) => {
  event.preventDefault();
  send("POST", "clock", JSON.stringify({ seconds: Number(byId("advance-by").value) }), "Done.");
});

const faultField = (name) => byId(`fault-${name}`).value;
const optionalNumber = (text) => (text === "" ? null : Number(text));

function showFields() {
  const effect = faultField("effect");
  for (const field of document.querySelectorAll("[data-effects]")) {
    const shown = field.dataset.effects.split(" ").includes(effect);
    field.hidden = !shown;
    // A field that is not shown is not checked either.
    field.querySelector("input, textarea").disabled = !shown;
  }
}

function effectOfForm() {
  const type = faultField("effect");
  const retry = faultField("retry");
  const answer = { type: "answer", status: Number(faultField("status")), headers: retry ? { "Retry-After": retry } : {} };
  switch (type) {
    case "refuse": {
      const error = { code: faultField("code"), message: faultField("text") };
      return { ...answer, content_type: "application/json", body: JSON.stringify({ error }) };
    }
    case "answer":
      return { ...answer, content_type: faultField("type"), body: faultField("body") };
    case "delay":
    case "slow_body":
      return { type, seconds: Number(faultField("seconds")) };
    case "cut_stream":
    case "fail_stream":
      return { type, events: Number(faultField("events")) };
    default:
      return { type };
  }
}

byId("fault-effect").addEventListener("change", showFields);
byId("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  const fault = {
    operation: faultField("operation").trim() || null,
    after: Number(faultField("after")),
    times: optionalNumber(faultField("times")),
    probability: Number(faultField("probability")),
    effect: effectOfForm(),
  };
  send("POST", "faults", JSON.stringify(fault), "The fault is set.");
});
// Browsers restore what was typed before a reload.
showFields();

let lost = false;

// The next refresh begins a second after the last has ended: a slow answer is shown, too.
async function keepFresh() {
  if (byId("refresh").checked && !document.hidden) {
    try {
      await refresh();
      if (lost) report("");
      lost = false;
    } catch (error) {
      lost = true;
      report(`The simulator does not respond: ${error.message}`, true);
    }
  }
  setTimeout(keepFresh, 1000);
}

setTimeout(keepFresh, 1000);
