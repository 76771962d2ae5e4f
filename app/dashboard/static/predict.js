// The page Predict: examples at a click, another version, and a CSV that is scored in pieces.
import { refresh } from "./bring.js";
import { ask, clear, refuse } from "./forms.js";
import { records } from "./csv.js";

const ROWS = 1000; // of a piece
const LARGEST = 4e6; // characters of a piece
const form = document.getElementById("ask");
const examples = JSON.parse(document.getElementById("examples")?.textContent ?? "[]");
let next = 0;

function fill(example) {
  clear(form);
  for (const field of form.querySelectorAll("[data-name]")) {
    field.value = Object.hasOwn(example, field.dataset.name) ? example[field.dataset.name] : "";
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-fill]");
  if (!button || !examples.length) return;
  fill(examples[button.dataset.fill === "" ? next++ % examples.length : Number(button.dataset.fill)]);
});

document.querySelector("[data-versions]")?.addEventListener("change", (event) => {
  const version = event.target.value;
  for (const one of document.querySelectorAll("[data-base]")) {
    const base = one.dataset.base;
    one.dataset.api = version ? `${base}${base.includes("?") ? "&" : "?"}version=${version}` : base;
  }
  address({ version });
});

// Keep in the address what is chosen and asked: Back and Reload bring the form again as it was.
function address(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

const receipt = document.getElementById("receipt");
const isAsked = (event) => event.target.dataset.into === "receipt" && !receipt.contains(event.target);

document.addEventListener("answered", (event) => {
  const [first] = [event.detail].flat();
  if (isAsked(event) && first?.id) address({ from: first.id, cursor: "" });
});
// The answer to an earlier record must not stand beside one that is refused.
document.addEventListener("refused", (event) => {
  if (!isAsked(event)) return;
  const words = document.createElement("p");
  Object.assign(words, { className: "muted", textContent: "There is no answer for this form." });
  receipt.replaceChildren(words);
});

async function read(file) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw { detail: "The file is not UTF-8 text.", fix: "save it as CSV in UTF-8" };
  }
}

const lines = (text) => text.match(/\r\n|\n|\r/g)?.length ?? 0;

// Tell a problem by the lines of the whole file: `shift` is how far the piece stands down in it.
function shifted(problem, shift) {
  const errors = problem.errors?.map((error) => (error.line ? { ...error, line: error.line + shift } : error));
  const detail = problem.detail?.replace(/\b(line )(\d+)/gi, (_, word, line) => word + (Number(line) + shift));
  return { ...problem, detail, errors };
}

// Tell of an answer, whose rows end with warnings, id and why there is no prediction: how many have none, and
// the rows with warnings.
function outcome(text, separator) {
  const [, ...rows] = records(text, separator);
  const lines = rows.map((row) => text.slice(row.start, row.end).replace(/\r?\n$/, ""));
  const predicted = lines.filter((line) => line.endsWith(separator));
  const id = /.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}.$/;
  const warned = predicted.filter((line) => !line.replace(id, "").endsWith(separator));
  return { refused: lines.length - predicted.length, warned };
}

// Score a text piece by piece; hand on each answer, how many rows are done, and what came of its rows.
async function score(path, text, separator, handOn) {
  const [header, ...rows] = records(text, separator);
  const full = rows.filter((row) => !row.blank);
  if (!header || !full.length) throw { detail: "The file has no row under a header." };
  const open = full.at(-1).open && full.at(-1);
  if (open) throw { detail: `The row on line ${open.line} has a quote that is left open.`, fix: "close it" };
  const head = text.slice(header.start, header.end);
  let size = ROWS;
  for (let at = 0; at < full.length; ) {
    let count = Math.min(size, full.length - at);
    while (count > 1 && full[at + count - 1].end - full[at].start > LARGEST) count = Math.ceil(count / 2);
    const piece = head + text.slice(full[at].start, full[at + count - 1].end);
    try {
      const answer = await ask("POST", `${path}?partial=true`, piece, "text/csv", true);
      handOn(answer, at + count, full.length, outcome(answer, separator));
    } catch (error) {
      const problem = error.problem ?? { detail: "The service cannot be reached.", fix: "try again" };
      if (problem.status === 413 && count > 1) {
        size = Math.ceil(count / 2);
        continue;
      }
      throw shifted(problem, full[at].line - lines(head) - 1);
    }
    at += count;
  }
}

// Add an answer to those before it, whose header it has, too.
function add(answers, text, separator) {
  const end = records(text, separator).next().value.end;
  if (answers.length && !answers[0].startsWith(text.slice(0, end))) {
    const problem = { detail: "The columns of the answer have changed: another version answers now.", fix: "score the rest again" };
    throw Object.assign(new Error(problem.detail), { problem });
  }
  answers.push(answers.length ? text.slice(end) : text);
}

function download(parts, name, words) {
  const link = document.createElement("a");
  link.className = "button";
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
  link.download = name;
  link.textContent = words;
  return link;
}

const counted = (count) => `${count.toLocaleString("en-GB")} scored row${count === 1 ? "" : "s"}`;

// Offer all rows, and where some have warnings those alone.
function offer(form, answers, done, warned, name) {
  const place = form.querySelector("[data-scored]");
  const called = `${name.replace(/\.[^.]*$/, "")}-${form.dataset.called}`;
  const links = [download(answers, `${called}.csv`, `Download ${counted(done)}`)];
  if (warned.length) {
    const header = answers[0].slice(0, records(answers[0], form.dataset.score).next().value.end);
    const words = `Download ${warned.length.toLocaleString("en-GB")} with warnings`;
    links.push(" ", download([header, ...warned.map((line) => `${line}\n`)], `${called}-warnings.csv`, words));
  }
  place.replaceChildren(...links);
  links[0].focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.dataset.score === undefined) return;
  event.preventDefault();
  event.stopImmediatePropagation(); // it is no form whose answer is JSON
  clear(form);
  const file = form.querySelector("input[type=file]").files[0];
  const button = form.querySelector("button");
  const box = form.querySelector("[data-progress]");
  const [bar, words] = [box.querySelector("progress"), box.querySelector("[data-count]")];
  const answers = [];
  let scored = 0;
  let refused = 0;
  let warned = [];
  form.querySelector("[data-scored]").replaceChildren();
  button.disabled = true;
  try {
    const text = await read(file);
    box.hidden = false;
    bar.removeAttribute("value");
    words.textContent = "";
    await score(form.dataset.api.split(" ")[1], text, form.dataset.score, (answer, done, all, rows) => {
      add(answers, answer, form.dataset.score);
      scored = done;
      refused += rows.refused;
      warned = warned.concat(rows.warned);
      [bar.max, bar.value] = [all, done];
      words.textContent = `${done.toLocaleString("en-GB")} of ${all.toLocaleString("en-GB")} rows`;
      if (warned.length) words.textContent += `; ${warned.length.toLocaleString("en-GB")} with warnings: the column "warnings" says which`;
      if (refused) words.textContent += `; ${refused.toLocaleString("en-GB")} without a prediction: the column "refused" says why`;
    });
  } catch (problem) {
    refuse(form, problem);
    if (scored) words.textContent += " were scored before that";
  } finally {
    button.disabled = false;
    box.hidden = !scored;
    if (scored) {
      offer(form, answers, scored - refused, warned, file.name);
      await refresh(["latest"]).catch(() => {}); // the file is here all the same
    }
  }
}, true);
