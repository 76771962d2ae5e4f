// Draw the charts of a page when they come into view, in the page's own colours.
const SCRIPT = new URL("vega.js", import.meta.url);
const dark = matchMedia("(prefers-color-scheme: dark)");
let library = null;

function load() {
  library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = SCRIPT;
    script.onload = () => done(window.vegaEmbed);
    script.onerror = () => {
      library = null;
      failed(new Error("the script that draws charts cannot be read"));
    };
    document.head.append(script);
  });
  return library;
}

function theme(place) {
  const style = getComputedStyle(place);
  const isDark = dark.matches && !place.closest("[data-scheme=light]");
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const text = { labelColor: colour("ink"), titleColor: colour("ink") };
  const font = getComputedStyle(document.body).fontFamily;
  const quiet = { gridColor: colour("line"), domainColor: colour("muted"), tickColor: colour("muted") };
  const second = colour("second");
  return {
    background: "transparent",
    font,
    view: { stroke: null },
    axis: { ...text, ...quiet, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 160 },
    legend: { ...text, labelFontSize: 12, titleFontSize: 12, labelLimit: 200 },
    header: text,
    title: { color: colour("ink"), subtitleColor: colour("muted"), anchor: "start", fontSize: 13 },
    text: { color: colour("ink") },
    mark: { color: colour("accent") },
    rule: { color: colour("muted") },
    // Vega-Lite asks a style for its colour; of fill and stroke the mark's own colour would win.
    style: { second: { color: second }, ink: { color: colour("ink") } },
    range: {
      category: isDark
        ? ["#4fd1c5", "#f0b35e", "#8ab4f8", "#ff9b93", "#c59bf0", "#a5d66f", "#f29ac9", "#9fb0bf"]
        : ["#0f766e", "#b45309", "#1d4ed8", "#b3261e", "#7e22ce", "#4d7c0f", "#be185d", "#475569"],
      heatmap: isDark ? ["#1f2a30", "#4fd1c5"] : ["#e3f3f1", "#0b5a54"],
      ramp: isDark ? ["#1f2a30", "#4fd1c5"] : ["#e3f3f1", "#0b5a54"],
      diverging: isDark ? ["#f0b35e", "#2a3138", "#4fd1c5"] : ["#b45309", "#f2f2f2", "#0f766e"],
    },
  };
}

async function drawOne(place) {
  const spec = JSON.parse(place.querySelector("script").textContent);
  const whole = !("hconcat" in spec || "vconcat" in spec || "concat" in spec || "facet" in spec);
  if (whole && spec.width === undefined) {
    spec.width = "container";
    spec.autosize = { type: "fit-x", contains: "padding" };
  }
  if (whole && spec.height === undefined) spec.height = Number(place.dataset.height);
  let area = place.querySelector(".area");
  if (!area) {
    area = document.createElement("div");
    area.className = "area";
    area.setAttribute("aria-hidden", "true");
    place.append(area);
  }
  const embed = await load();
  // ast: expressions are read and not compiled, which the page's policy forbids.
  await embed(area, spec, {
    ast: true,
    actions: false,
    renderer: "svg",
    defaultStyle: false,
    config: theme(place),
    tooltip: { disableDefaultStyle: true, theme: "custom" },
  });
  place.dataset.drawn = "true";
}

async function drawn(place) {
  try {
    await drawOne(place);
  } catch (error) {
    place.dataset.drawn = "failed";
    const note = document.createElement("p");
    note.className = "hint";
    note.textContent = `This chart could not be drawn: ${error.message}`;
    place.append(note);
  }
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      drawn(entry.target);
    }
  },
  { rootMargin: "200px" },
);

export function draw(root) {
  for (const place of root.querySelectorAll(".chart:not([data-drawn])")) {
    place.style.minHeight = `${place.dataset.height}px`;
    // What is to be printed is drawn before anybody scrolls there.
    if (place.closest("[data-scheme=light]")) drawn(place);
    else seen.observe(place);
  }
}

dark.addEventListener("change", () => {
  for (const place of document.querySelectorAll(".chart[data-drawn]")) drawn(place);
});
