// Forms that ask the API: <form data-api="POST /v1/...">.
//
// Fields become a JSON object by name; data-type="number", "integer" or "boolean" says what a value is,
// and an empty one is left out. A file (data-file) or a text (data-body="text/csv") is the whole body.
// data-query sends them as the query. What follows an answer: data-show="<url>" into data-into="<id>",
// data-refresh="<ids>" reads parts of the page anew, data-then="<url>" goes there. In URLs {name} is a
// field of the answer.
import { refresh, show } from "./bring.js";

const csrf = () => document.querySelector("meta[name=csrf]").content;

export async function ask(method, path, body, type = "application/json", isText = false, more = {}) {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf(), ...more };
  if (body !== undefined) headers["Content-Type"] = type;
  const plain = typeof body === "string" || body instanceof Blob || body === undefined;
  const answer = await fetch(path, { method, headers, body: plain ? body : JSON.stringify(body) });
  const text = await answer.text();
  if (answer.ok && isText) return text;
  let told = null;
  try {
    told = text ? JSON.parse(text) : null;
  } catch {
    told = { detail: text.slice(0, 500) };
  }
  if (!answer.ok) throw Object.assign(new Error(told?.detail ?? answer.statusText), { problem: told ?? { detail: answer.statusText } });
  return told;
}

export function toast(text) {
  const place = document.getElementById("status");
  place.textContent = text;
  setTimeout(() => {
    if (place.textContent === text) place.textContent = "";
  }, 4000);
}

// As the pages write them. Another comma may be meant as a point: it is not guessed at, but sent as it is.
const THOUSANDS = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/;

function value(field) {
  if (field.type === "checkbox") return field.checked;
  const text = field.dataset.type === "text" ? field.value : field.value.trim();
  if (text === "") return undefined;
  if (field.dataset.type === "number" || field.dataset.type === "integer") {
    const number = Number(THOUSANDS.test(text) ? text.replaceAll(",", "") : text);
    return Number.isFinite(number) ? number : text;
  }
  if (field.dataset.type === "boolean" && ["true", "false"].includes(text)) return text === "true";
  return text;
}

// A field of a record says its name in data-name: as a name of the form's own, such as "action", it would hide that.
const named = (field) => field.dataset.name ?? field.name;

// Return the fields as an object.
export function fields(form) {
  const found = Object.create(null); // a field may be called __proto__
  for (const field of form.elements) {
    const name = named(field);
    if (!name || field.disabled || "skip" in field.dataset) continue;
    if ((field.type === "radio" && !field.checked) || field.type === "file") continue;
    const given = value(field);
    if (given !== undefined) found[name] = given;
  }
  return found;
}

// Of several answers the first one's fields are meant.
const filled = (url, told) => url.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent([told].flat()[0]?.[name] ?? ""));

function request(form) {
  const [method, path] = form.dataset.api.split(" ");
  if ("query" in form.dataset) {
    const query = new URLSearchParams(fields(form)).toString();
    return [method, query ? `${path}${path.includes("?") ? "&" : "?"}${query}` : path, undefined];
  }
  const file = form.querySelector("input[type=file][data-file]")?.files[0];
  if (file) return [method, path, file, file.name.endsWith("json") ? "application/x-ndjson" : "text/csv"];
  const text = form.querySelector("[data-body]");
  if (text) return [method, path, text.value, text.dataset.body];
  const given = fields(form);
  return [method, path, method === "DELETE" && !Object.keys(given).length ? undefined : given];
}

function element(name, words, text) {
  const made = document.createElement(name);
  Object.assign(made, words);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Say beside a form what is refused, and mark the fields that are wrong.
export function refuse(form, problem) {
  const box = element("div", { className: "problem", role: "alert", tabIndex: -1 });
  const rest = [];
  for (const error of problem.errors ?? []) {
    const field = [...form.elements].find((one) => error.field && named(one) === error.field);
    const what = (error.what ?? error.detail ?? "").replace(/\.$/, "");
    const choices = error.allowed?.join(", ");
    const allowed = choices && !error.fix?.includes(choices) && `allowed: ${choices}`;
    const words = [what, allowed, error.fix].filter(Boolean).join("; ");
    if (field) {
      field.setAttribute("aria-invalid", "true");
      const note = element("p", { className: "wrong", id: `wrong-${field.id || field.name}` }, words);
      field.setAttribute("aria-describedby", note.id);
      (field.closest(".field") ?? field.parentElement).append(note);
    } else rest.push(`${error.line ? `line ${error.line}: ` : ""}${error.field ? `${error.field}: ` : ""}${words}`);
  }
  for (const [words, what] of [["Given: ", problem.given], ["Allowed: ", problem.allowed], ["What to do: ", problem.fix]]) {
    if (what && !problem.errors?.length) rest.push(words + (Array.isArray(what) ? what.join(", ") : what));
  }
  // The only fault is the refusal itself, told with its line and what to do.
  const [only, ...others] = problem.errors ?? [];
  const isTold = rest.length === 1 && !others.length && only?.detail === problem.detail && only;
  box.append(element("p", {}, isTold ? rest.pop() : problem.detail ?? "The request failed."));
  if (rest.length) {
    const list = element("ul");
    list.append(...rest.slice(0, 20).map((text) => element("li", {}, text)));
    box.append(list);
  }
  form.append(box);
  (form.querySelector("[aria-invalid=true]") ?? box).focus();
}

export function clear(form) {
  for (const one of form.querySelectorAll(".problem[role=alert], .wrong")) one.remove();
  for (const one of form.querySelectorAll("[aria-invalid]")) {
    one.removeAttribute("aria-invalid");
    one.removeAttribute("aria-describedby");
  }
}

export async function send(form, button) {
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  clear(form);
  const buttons = [...form.querySelectorAll("button")];
  for (const one of buttons) one.disabled = true;
  form.setAttribute("aria-busy", "true");
  try {
    const told = await ask(...request(form));
    form.dispatchEvent(new CustomEvent("answered", { detail: told, bubbles: true }));
    if (form.dataset.said) toast(form.dataset.said);
    if (form.dataset.show) {
      const place = document.getElementById(form.dataset.into);
      await show(place, filled(form.dataset.show, told));
      const { top } = place.getBoundingClientRect();
      if (top < 0 || top > innerHeight / 2) place.scrollIntoView();
    }
    if (form.dataset.refresh) await refresh(form.dataset.refresh.split(" "));
    if (form.dataset.then) location.assign(filled(form.dataset.then, told));
  } catch (error) {
    refuse(form, error.problem ?? { detail: "The service cannot be reached.", fix: "try again" });
    form.dispatchEvent(new CustomEvent("refused", { bubbles: true }));
  } finally {
    for (const one of buttons) one.disabled = false;
    form.removeAttribute("aria-busy");
    if (document.activeElement === document.body && button?.isConnected) button.focus();
  }
}
