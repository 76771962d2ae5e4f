// What every page does when it has been read; the modules say how.
import { bring } from "./bring.js";
import { send } from "./forms.js";

document.addEventListener("submit", (event) => {
  if (event.target.dataset.api) {
    event.preventDefault();
    send(event.target, event.submitter);
  }
});
bring(document);
