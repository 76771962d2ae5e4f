// The page of labels: upload a file and follow it; undo what was stored; delete what matches, once the number is confirmed.
import { refresh } from "./bring.js";
import { ask, clear, refuse, toast } from "./forms.js";

const PAUSE = 500; // milliseconds between two looks at how far an upload is
const TYPES = [[/\.(ndjson|jsonl)$/i, "application/x-ndjson"], [/\.json$/i, "application/json"]];

const kind = (name) => TYPES.find(([end]) => end.test(name))?.[1] ?? "text/csv";
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

function made(name, text, words = {}) {
  const element = Object.assign(document.createElement(name), words);
  if (text !== undefined) element.textContent = text;
  return element;
}

// A file that is sent again, after an answer that got lost, stores nothing twice: its key stays until
// the form is changed. randomUUID is there on https and on this machine alone.
let key = null;
const drawn = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

function busy(form, is) {
  for (const one of form.querySelectorAll("button")) one.disabled = is;
  if (is) form.setAttribute("aria-busy", "true");
  else form.removeAttribute("aria-busy");
}

// Say how far the upload is for as long as it lasts.
function follow(form, place) {
  const bar = made("progress", undefined, { ariaLabel: "Upload" });
  const words = made("p", "Reading the file.");
  place.replaceChildren(bar, words);
  let timer;
  const look = async () => {
    try {
      const [one] = (await ask("GET", `${form.dataset.upload}/uploads?key=${key}`)).uploads;
      if (one) words.textContent = `${count(one.read, "row")} read, ${count(one.refused, "row")} refused so far.`;
    } catch {
      // The upload itself tells what is wrong.
    }
    if (bar.isConnected) timer = setTimeout(look, PAUSE);
  };
  timer = setTimeout(look, PAUSE);
  return () => clearTimeout(timer);
}

function tell(place, told) {
  const parts = [made("p", `${count(told.stored, "label")} of ${count(told.read, "row")} stored${told.refused ? `, ${told.refused.toLocaleString("en")} refused` : ""}.`)];
  if (told.errors.length) {
    const list = made("ul");
    for (const { line, field, detail, given, fix } of told.errors) {
      const words = [detail, given && `given: ${given}`, fix].filter(Boolean).join("; ");
      list.append(made("li", `line ${line}${field ? `, ${field}` : ""}: ${words}`));
    }
    parts.push(made("p", told.refused > told.errors.length ? "The first faults:" : "The faults:"), list);
  }
  if (told.to_review) parts.push(made("p", `${count(told.to_review.count, "label")} of them to review: far outside what is likely, and not counted before a person accepts them. They stand above.`));
  if (told.ignored) parts.push(made("p", `Columns that were ignored: ${told.ignored.join(", ")}.`));
  const box = made("div", undefined, { className: told.refused ? "problem" : "note" });
  box.append(...parts);
  if (told.undo) box.append(undoing(told.undo, box));
  place.replaceChildren(box);
}

// A button that takes back what a post has stored, by the request that its answer names.
function undoing(request, box) {
  const [line, button] = [made("p", undefined, { className: "actions" }), made("button", "Undo", { className: "quiet", type: "button" })];
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { deleted } = await ask(...request.split(" "));
      key = null; // the same file is another post from now on
      box.replaceChildren(made("p", `Undone: ${count(deleted, "label")} deleted.`));
      await refresh(["figures", "review", "worth", "browse"]);
    } catch (error) {
      // Some of them may have been deleted meanwhile.
      line.replaceChildren(made("span", `Not undone: ${error.problem?.detail ?? "the service cannot be reached."}`));
    }
  });
  line.append(button);
  return line;
}

async function upload(form) {
  const [file, place] = [form.querySelector("input[type=file]").files[0], form.querySelector(".told")];
  clear(form);
  key ??= drawn();
  const asked = new URLSearchParams();
  const source = form.querySelector("#upload-source").value.trim();
  if (source) asked.set("source", source);
  if (form.querySelector("#atomic").checked) asked.set("atomic", "true");
  busy(form, true);
  const stop = follow(form, place);
  try {
    tell(place, await ask("POST", `${form.dataset.upload}/labels?${asked}`, file, kind(file.name), false, { "Idempotency-Key": key }));
  } catch (error) {
    place.replaceChildren();
    // A browser does not send a file that was changed after it was chosen.
    refuse(form, error.problem ?? { detail: "The file could not be sent.", fix: "choose it again if it was changed; else try again: nothing is stored twice" });
  } finally {
    stop();
    busy(form, false);
  }
  await refresh(["figures", "review", "browse"]).catch(() => toast("The lists below could not be refreshed: the service cannot be reached."));
}

// Ask how many would be deleted; show the number, and delete when that very number is confirmed.
async function empty(form, number) {
  clear(form);
  busy(form, true);
  const path = form.dataset.clear + (number === undefined ? "" : `&confirm=${number}`);
  try {
    const told = await ask("DELETE", path);
    toast(`${count(told.deleted, "label")} deleted`);
    await refresh(["figures", "worth", "browse"]);
  } catch (error) {
    const isAsked = error.problem?.code === "not_confirmed";
    const found = isAsked && /^confirm=(\d+)$/.exec(error.problem.allowed[0]);
    if (found) confirmed(form, Number(found[1]));
    else refuse(form, error.problem ?? { detail: "The service cannot be reached.", fix: "try again" });
  } finally {
    busy(form, false);
  }
}

function confirmed(form, number) {
  form.querySelector(".confirm")?.remove();
  const box = made("div", undefined, { className: "problem confirm", role: "alert" });
  const yes = made("button", `Delete ${count(number, "label")}`, { className: "danger", type: "button" });
  const no = made("button", number === 1 ? "Keep it" : "Keep them", { className: "quiet", type: "button" });
  yes.addEventListener("click", () => empty(form, number));
  no.addEventListener("click", () => box.remove());
  const buttons = made("p", undefined, { className: "actions" });
  buttons.append(yes, no);
  box.append(made("p", `${count(number, "label")} would be deleted: no training will use ${number === 1 ? "it" : "them"}.`), buttons);
  form.append(box);
  no.focus();
}

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-upload]")) key = null;
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("upload" in form.dataset || "clear" in form.dataset)) return;
  event.preventDefault();
  if ("upload" in form.dataset) upload(form);
  else empty(form);
});
document.addEventListener("answered", ({ target, detail }) => {
  if ("reset" in target.dataset) target.reset();
  const place = target.querySelector(".told");
  if (place && detail?.undo) tell(place, detail);
});
// Whoever labels one after the other goes on at the next one.
document.addEventListener("brought", (event) => {
  const [next] = event.detail.querySelectorAll("#worth");
  if (next && document.activeElement === document.body) next.querySelector(".truth select, .truth input:not([type=hidden]), .truth textarea")?.focus();
});
