// Ask for several trainings at once, one for each model; trials are only a search's.
import { refresh } from "./bring.js";
import { ask, clear, fields, refuse, toast } from "./forms.js";

const form = document.getElementById("ask");

// Show how many trials the chosen search makes, and take a number only where there is one.
function follow() {
  const search = form.elements.search.selectedOptions[0];
  const trials = form.elements.trials;
  trials.disabled = !search?.dataset.trials;
  trials.placeholder = search?.dataset.trials ?? "";
}

async function send() {
  clear(form);
  const { model: _, ...given } = fields(form);
  const chosen = [...form.querySelectorAll("[name=model]:checked")].map((one) => one.value);
  if (!chosen.length) {
    refuse(form, { detail: "No model is chosen.", fix: "tick one or several" });
    return;
  }
  const made = [];
  for (const model of chosen) {
    try {
      made.push(await ask("POST", form.dataset.train, { ...given, model }));
    } catch (error) {
      // What was asked for before stays; the rest is told, and can be sent again.
      const problem = error.problem ?? { detail: "The service cannot be reached.", fix: "try again" };
      refuse(form, { ...problem, detail: `${model}: ${problem.detail}` });
      break;
    }
  }
  for (const one of form.querySelectorAll("[name=model]:checked")) {
    if (made.length < chosen.length && made.some((training) => training.model === one.value)) one.checked = false;
  }
  if (made.length === 1 && chosen.length === 1) {
    location.assign(form.dataset.page + encodeURIComponent(made[0].id));
    return;
  }
  if (made.length) {
    toast(made.length === 1 ? "One training was queued." : `${made.length} trainings were queued.`);
    await refresh(["trainings"]);
  }
}

if (form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    await send().finally(() => {
      button.disabled = false;
    });
  });
  form.elements.search.addEventListener("change", follow);
  follow();
}
