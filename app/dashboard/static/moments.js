// Fields of moments: the page and its address have UTC, the reader sees and picks local time.
const pad = (number) => String(number).padStart(2, "0");

function local(moment) {
  const day = [moment.getFullYear(), pad(moment.getMonth() + 1), pad(moment.getDate())].join("-");
  return `${day}T${pad(moment.getHours())}:${pad(moment.getMinutes())}`;
}

function show(root) {
  for (const field of root.querySelectorAll("input[data-moment]")) {
    const moment = new Date(`${field.value}Z`);
    if (!Number.isNaN(moment.valueOf())) field.value = local(moment);
  }
}

document.addEventListener("formdata", (event) => {
  for (const field of event.target.querySelectorAll("input[data-moment]")) {
    const moment = new Date(field.value);
    if (!Number.isNaN(moment.valueOf())) event.formData.set(field.name, moment.toISOString());
  }
});
show(document);
