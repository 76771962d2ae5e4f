// Bring HTML of ours to life: when the page is read, and when a part of it is read anew.
import { draw } from "./charts.js";

// This file lies in static/<digest>/, under whatever sub-path.
const SIGNIN = new URL("../../signin", import.meta.url).pathname;

// Show moments in the reader's own time zone.
function localize(root) {
  const style = { dateStyle: "medium" };
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      // Of what follows each other within a minute the seconds are shown, too.
      const timeStyle = time.closest("[data-seconds]") ? "medium" : "short";
      time.textContent = moment.toLocaleString("en-GB", { ...style, timeStyle });
      time.title = time.dateTime;
    }
  }
}

const LOST = "The service cannot be reached; trying again.";

function tell(isLost) {
  const place = document.getElementById("status");
  if (isLost) place.textContent = LOST;
  else if (place.textContent === LOST) place.textContent = "";
}

// What changes by itself is read anew for as long as the server says so, while somebody looks.
function follow(root) {
  for (const part of root.querySelectorAll("[data-live]")) {
    setTimeout(async () => {
      if (!part.isConnected) return;
      if (document.hidden) return follow(part.parentElement);
      try {
        await refresh([part.id]);
        tell(false);
      } catch {
        tell(true);
        follow(part.parentElement);
      }
    }, Number(part.dataset.live));
  }
}

export function bring(root) {
  localize(root);
  draw(root);
  follow(root);
  // Modules of single pages add what only they need.
  document.dispatchEvent(new CustomEvent("brought", { detail: root }));
}

async function page(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (answer.redirected && new URL(answer.url).pathname === SIGNIN) location.assign(answer.url);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) {
    const detail = fresh.querySelector(".problem p")?.textContent ?? `The service answered ${answer.status}.`;
    throw Object.assign(new Error(detail), { problem: { detail } });
  }
  return fresh;
}

const chosen = (field) => [...field.options].find((one) => one.defaultSelected) ?? field.options[0];
const offers = (field, value) => field.type !== "select-one" || [...field.options].some((one) => one.value === value);

// What somebody has typed or chosen, by the fields' ids; what is being sent at this moment is done with.
function typed(part) {
  const found = new Map();
  for (const field of part.querySelectorAll("input[id], select[id], textarea[id]")) {
    if (["hidden", "file"].includes(field.type) || field.closest("form[aria-busy]")) continue;
    if (["checkbox", "radio"].includes(field.type)) {
      if (field.checked !== field.defaultChecked) found.set(field.id, { checked: field.checked });
    } else {
      const before = field.type === "select-one" ? chosen(field)?.value : field.defaultValue;
      if (field.value !== before) found.set(field.id, { value: field.value });
    }
  }
  return found;
}

// Read the page again and take over parts of it, named by id; what is typed there stays.
export async function refresh(ids, url = location.href) {
  const fresh = await page(url);
  for (const id of ids) {
    const [old, part] = [document.getElementById(id), fresh.getElementById(id)];
    if (!old || !part) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const kept = typed(old);
    old.replaceWith(part);
    for (const [name, state] of kept) {
      const field = document.getElementById(name);
      if (field && part.contains(field) && offers(field, state.value ?? field.value)) Object.assign(field, state);
    }
    bring(part.parentElement === null ? part : wrap(part));
    if (focused) document.getElementById(focused)?.focus();
  }
}

// querySelectorAll looks below an element only; the part itself may be what changes.
function wrap(part) {
  return { querySelectorAll: (words) => [...(part.matches(words) ? [part] : []), ...part.querySelectorAll(words)] };
}

// Show the main part of another page within an element of this one, or say why it cannot be shown.
export async function show(element, url) {
  let fresh;
  try {
    fresh = await page(url);
  } catch (error) {
    const [box, words, link] = ["div", "p", "a"].map((name) => document.createElement(name));
    Object.assign(box, { className: "problem", role: "alert" });
    words.textContent = `It was done, but the result cannot be shown: ${error.problem?.detail ?? "the service cannot be reached."} `;
    Object.assign(link, { href: url, textContent: "Open it" });
    words.append(link);
    box.append(words);
    element.replaceChildren(box);
    return;
  }
  const part = fresh.querySelector("[data-part]") ?? fresh.querySelector("main");
  element.replaceChildren(...part.childNodes);
  bring(element);
}
