# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What a diamond costs, and why
#
# For a jeweller who wants to know what the data says about prices, and for a data scientist who
# takes this project over. The code calls the project's own functions, so what stands here is what
# the pipeline and the service do.
#
# Numbers in the text are computed by the cell above them, and a sentence that would be false on the
# rows at hand is left out: it runs on any file that `conf/dataset/diamonds.yaml` can read.
# `make notebook` runs all of it anew.

# %%
import json
import os
import sys
from itertools import pairwise
from pathlib import Path

ROOT = next(path for path in (Path.cwd(), *Path.cwd().parents) if (path / "conf").is_dir())
os.chdir(ROOT)
sys.path.insert(0, str(ROOT))

import altair as alt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from src.card import importance
from src.card.asked import AskedFitted
from src.config import composition, paths
from src.config import configuration as configs
from src.data import prepared
from src.data.profile import document
from src.evaluation import bootstrap
from src.inference import predictor as predictors
from src.inference.interval import Interval
from src.inference.reasons.sentence import sentence
from src.learning import exporting, training
from src.learning.inspection import suspects
from src.learning.intervals import conformal
from src.learning.recipe import Recipe
from src.support.progress import Bar

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#767676"  # apart for all eyes
WIDTH = 600  # pixels of a chart without its axes


@alt.theme.register("notebook", enable=True)
def theme() -> alt.theme.ThemeConfig:
    """Set sizes that are read at 700 pixels."""
    text = {"labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": "normal"}
    return {
        "config": {
            "background": "white",
            "font": "Liberation Sans, Arial, sans-serif",
            "view": {"strokeOpacity": 0, "continuousWidth": WIDTH},
            "axis": {**text, "gridOpacity": 0.5, "domainOpacity": 0.3, "tickOpacity": 0.3},
            "axisDiscrete": {"labelAngle": 0},
            "legend": {**text, "orient": "top", "symbolOpacity": 1, "labelLimit": 400},
            "header": {**text, "labelFontSize": 13},
            "title": {"fontSize": 15, "anchor": "start", "offset": 12, "subtitleFontSize": 12},
            "mark": {"color": BLUE},
            "text": {"fontSize": 12, "color": "#333333"},
        }
    }


alt.renderers.enable("png", scale_factor=1.5)
alt.data_transformers.disable_max_rows()


def say(*sentences: str | None) -> None:
    """Show computed numbers in sentences; None is one that does not hold."""
    if text := " ".join(sentence for sentence in sentences if sentence):
        display(Markdown(text))


def table(frame: pd.DataFrame, **formats: str) -> None:
    """Show a frame without its index; `formats` are by column."""
    cells = [
        ["-" if v is None or v != v else format(v, formats.get(name, "")) for v in frame[name]]
        for name in frame
    ]
    lines = [frame.columns, ["---:" if name in formats else "---" for name in frame]]
    say("\n".join(f"| {' | '.join(line)} |" for line in [*lines, *zip(*cells, strict=True)]))


# %% [markdown]
# ## In short

# %%
# What it came to stands first; it is filled in by the cell at the end.
short_of_it = display(Markdown("(computed below)"), display_id="in short")

# %% [markdown]
# ## 1. What is in the data, and its faults
#
# `conf/dataset/diamonds.yaml` says what a row may be. The pipeline reads the file as text, applies
# those rules, and keeps what it rejects with the reason.

# %%
composition.prepare()


def compose(*words: str) -> configs.Config:
    """Return what the pipeline would train, with other values if given."""
    return configs.build(composition.compose(["dataset=diamonds", *words]))


config = compose("model=xgboost")
dataset, seed = config.dataset, config.seed
ready, cleaned = prepared.prepare(dataset, seed)
rows = cleaned.rows
known = document.profile(dataset, ready, cleaned.rejected, "")

columns = pd.DataFrame(
    {
        "column": column["name"],
        "what it is": getattr(dataset.features.get(column["name"], dataset.target), "about", ""),
        "values": " < ".join(one["value"] for one in column["values"])
        if "values" in column
        else "{min:,g} to {max:,g}, median {median:,g}".format(**column["numbers"]),
        "unit": getattr(dataset.features.get(column["name"], dataset.target), "unit", ""),
    }
    for column in known["columns"]
)
table(columns)

# %%
bad = cleaned.rejected
if len(bad):
    table(pd.DataFrame(known["rejected"]["reasons"])[["reason", "rows"]], rows=",")
twice = known["duplicates"]
cells = bad.reindex(columns=["price", *"xyz"]).apply(pd.to_numeric, errors="coerce")
unpriced, unmeasured = (cells["price"] <= 0).sum(), (cells[list("xyz")] == 0).any(axis=1).sum()
faults = {
    f"{twice['rejected']} for repeating an earlier row in every column": twice["rejected"],
    f"{unpriced} for a price of zero or less, which nobody paid": unpriced,
    f"{unmeasured} for a length, width or height of zero, which nobody measured": unmeasured,
}
of_other = len(bad) - sum(faults.values())
faults[f"{of_other} for other reasons"] = max(of_other, 0)
say(
    f"Of {known['rows']['read']:,} rows {len(bad)} are rejected "
    f"({len(bad) / known['rows']['read']:.2%}):"
    if len(bad)
    else "Every row keeps the rules.",
    "; ".join(words for words, count in faults.items() if count) + "." if len(bad) else None,
    "The table counts a row under the first of its reasons." if len(bad) else None,
)

# %% [markdown]
# Some rows contradict each other: equal in every feature, at different prices.

# %%
features = list(dataset.features)


def by_others(stones: pd.DataFrame) -> pd.Series:
    """Tell each twin's price by the others of its group; return by which share that is off."""
    groups = stones.groupby(features)["price"]
    size = groups.transform("size")
    others = (groups.transform("sum") - stones["price"]) / (size - 1)
    return ((others - stones["price"]).abs() / stones["price"])[size > 1]


alike = rows.groupby(features)["price"].agg(["size", "min", "max"]).query("size > 1")
missed = by_others(rows)
is_repeat = cleaned.rejected["reasons"] == "the same as an earlier row"
repeats = cleaned.rejected.loc[is_repeat, list(rows)].astype(rows.dtypes)
with_repeats = by_others(pd.concat([rows, repeats]))
widest = alike.loc[(alike["max"] / alike["min"]).nlargest(3).index].reset_index()
has_twins = len(missed) >= 30
if len(missed):
    shown = ["carat", "cut", "color", "clarity", "depth", "min", "max"]
    table(widest[shown], min=",.0f", max=",.0f")
say(
    None
    if len(missed)
    else "No two stones here are equal in every feature: none contradicts another.",
    f"{len(missed)} rows in {len(alike)} groups are such stones. Who tells the price of one by "
    f"the others of its group is off by {missed.median():.1%} in the median and "
    f"{missed.mean():.1%} on average."
    if len(missed)
    else None,
    "Equal stones at equal prices are not among them, for they "
    "were rejected as repeats; should those be stones of their own, it is "
    f"{with_repeats.median():.1%} and {with_repeats.mean():.1%}."
    if len(missed) and len(repeats)
    else None,
    "What sets the prices of twins apart is not in the data, and no model can learn it."
    if len(missed)
    else None,
)

# %% [markdown]
# The rules look at one column at a time. A stone's depth is its height over its mean diameter, so
# that the measures can be checked against each other.

# %%
implied = 200 * rows["z"] / (rows["x"] + rows["y"])
gap = (implied - rows["depth"]).abs()
is_odd = gap > 1
shown = rows.assign(implied=implied)[["carat", "x", "y", "z", "depth", "implied"]]
table(shown.loc[gap.nlargest(4).index], implied=".1f", x="", y="", z="")
copied = is_odd & (rows["z"] == rows["carat"])
widest_stone = rows["y"].max()
say(
    f"{is_odd.sum()} stones that passed have a depth that is more than 1 point away from what "
    f"their measures give ({is_odd.mean():.2%} of all).",
    f"In {copied.sum()} of them the height is the weight once more." if copied.any() else None,
    f"One stone is {widest_stone:g} mm wide." if widest_stone > 2 * rows["x"].max() else None,
    "They are few, and stay: section 6 shows what they cost. Bounds on `y` and `z` in the YAML "
    "would reject the worst."
    if 0 < is_odd.mean() < 0.02
    else None,
)

# %% [markdown]
# ## 2. Prices, weights and grades

# %%
OVER = 0.01  # carat: how finely weights are told


def histogram(values: pd.Series, edges: np.ndarray) -> pd.DataFrame:
    """Count values between edges."""
    counts, _ = np.histogram(values, edges)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "rows": counts})


def bars(bins: pd.DataFrame, title: str, scale: alt.Scale, values: list[float]) -> alt.Chart:
    """Draw a histogram."""
    axis = alt.Axis(values=values, grid=False, format=",~g")
    x = alt.X("low:Q", title=title, scale=scale, axis=axis)
    y = alt.Y("rows:Q", title="stones", axis=alt.Axis(tickCount=4))
    return (
        alt.Chart(bins)
        .mark_bar(binSpacing=0.5, orient="vertical")
        .encode(x=x, x2="high:Q", y=y, y2=alt.datum(0))
    )


cents = (rows["carat"] * 100).round().astype(int)
ordered = np.sort(rows["price"].unique())
ordered = ordered[(ordered > 500) & (ordered < 5000)]
jump = int(np.diff(ordered).argmax())
gap_low, gap_high = ordered[jump], ordered[jump + 1]
beside = [
    rows["price"].between(start, start + gap_high - gap_low).sum()
    for start in (2 * gap_low - gap_high, gap_high)
]
# With 20 stones in each band beside it, chance leaves the one between them empty once in 10^8.
has_hole = min(beside) >= 20
# One bin is the gap, and the others are as wide: bins that straddle its ends would fill it.
wide = (gap_high - 0.5) / (gap_low + 0.5) if has_hole else 1.07
ends = (gap_low + 0.5) * wide ** np.arange(-99, 100)
lowest_price, highest_price = rows["price"].agg(["min", "max"])
priced = histogram(
    rows["price"], ends[(ends > lowest_price / wide) & (ends < highest_price * wide)]
)
of_price = bars(
    priced,
    "price, USD (logarithmic)",
    alt.Scale(type="log", domain=[min(300, lowest_price), max(20_000, highest_price)]),
    [300, 500, 1000, 2000, 5000, 10_000, 20_000],
)
of_weight = bars(
    histogram(cents / 100, np.arange(0.195, 2.3, OVER)),
    "weight, carat (up to 2.3)",
    alt.Scale(domain=[0.2, 2.3]),
    [0.3, 0.4, 0.5, 0.7, 0.9, 1, 1.2, 1.5, 2],
)
alt.vconcat(
    of_price.properties(
        height=150,
        title=f"Prices, and a gap near {gap_low:,.0f} USD" if has_hole else "Prices",
    ),
    of_weight.properties(height=150, title="Weights, to the hundredth of a carat"),
)

# %%
CENTS = [30, 40, 50, 70, 90, 100, 150, 200]
at = cents.value_counts()
below = pd.DataFrame(
    {
        "weight, carat": [weight / 100 for weight in CENTS],
        "stones just below (two hundredths)": [at.get(w - 2, 0) + at.get(w - 1, 0) for w in CENTS],
        "stones at it, or one above": [at.get(w, 0) + at.get(w + 1, 0) for w in CENTS],
    }
)
table(below, **{"weight, carat": ".2f", **dict.fromkeys(below.columns[1:], ",")})
share = below.iloc[:, 2].sum() / max(1, below.iloc[:, 1:].sum().sum())
say(
    f"Weights crowd at round numbers: of the stones within two hundredths of one, {share:.0%} "
    "are at it or just above."
    if share > 0.6
    else None,
    f"No stone at all is priced between {gap_low:,.0f} and "
    f"{gap_high:,.0f} USD, while {beside[0]} and {beside[1]} stand in as wide a band below and "
    "above. A market leaves no such hole; the making of the list more likely did."
    if has_hole
    else None,
)

# %%
GRADES = {"cut": "cut", "color": "colour", "clarity": "clarity"}
# From the worst to the best, as far as there are stones of them.
ORDER = {
    name: [grade for grade in dataset.features[name].listed() if (rows[name] == grade).any()]
    for name in GRADES
}
counts = pd.concat(
    rows[name].value_counts().rename_axis("grade").reset_index(name="stones").assign(of=name)
    for name in GRADES
)
panels = [
    alt.Chart(counts[counts["of"] == name])
    .mark_bar()
    .encode(
        x=alt.X("stones:Q", title="stones", axis=alt.Axis(tickCount=3, format=",d")),
        y=alt.Y("grade:N", sort=ORDER[name][::-1], title=None),
    )
    .properties(width=155, height=170, title=f"{word}, best on top")
    for name, word in GRADES.items()
]
alt.hconcat(*panels)

# %%
told = {one["name"]: one["numbers"] for one in known["columns"] if "numbers" in one}
rarest = rows["clarity"].value_counts(normalize=True).sort_values().index[0]
rare = (rows["clarity"] == rarest).mean()
say(
    f"Half of the stones cost less than {told['price']['median']:,} USD and one in twenty more "
    f"than {told['price']['q95']:,.0f}; half weigh {told['carat']['median']:g} carat or "
    "less. So a share of the price off is far more USD on the few dear stones.",
    f"Of clarity {rarest} there are {rare:.1%}: what is learnt of it rests on few."
    if rare < 0.05
    else None,
)

# %% [markdown]
# ## 3. Price against weight

# %%
log_carat, log_price = np.log(rows["carat"]), np.log(rows["price"])
exponent, level = np.polyfit(log_carat, log_price, 1)
side = 60
across, up = (np.linspace(log.min(), log.max(), side + 1) for log in (log_carat, log_price))
cells, _, _ = np.histogram2d(log_carat, log_price, [across, up])
i, j = np.nonzero(cells)
density = pd.DataFrame(
    {
        "x": np.exp(across[i]),
        "x2": np.exp(across[i + 1]),
        "y": np.exp(up[j]),
        "y2": np.exp(up[j + 1]),
        "stones": cells[i, j],
    }
)
law = pd.DataFrame({"x": [0.2, 3.2]})
law["y"] = np.exp(level) * law["x"] ** exponent
plane = alt.Chart(density).encode(
    x=alt.X(
        "x:Q",
        title="weight, carat (logarithmic)",
        scale=alt.Scale(type="log", domain=[0.2, 5.1], nice=False),
        axis=alt.Axis(values=[0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5], grid=False),
    ),
    y=alt.Y(
        "y:Q",
        title="price, USD (logarithmic)",
        scale=alt.Scale(type="log", domain=[300, 20_000], nice=False),
        axis=alt.Axis(values=[300, 1000, 3000, 10_000, 20_000], format=",", grid=False),
    ),
)
colour = alt.Color(
    "stones:Q",
    scale=alt.Scale(type="log", scheme="viridis"),
    legend=alt.Legend(gradientLength=200, gradientThickness=10, values=[1, 10, 100, 1000]),
)
line = alt.Chart(law).mark_line(color=ORANGE, strokeWidth=3, clip=True).encode(x="x:Q", y="y:Q")
boxes = plane.mark_rect().encode(x2="x2:Q", y2="y2:Q", color=colour)
(boxes + line).properties(height=330, title=f"Price grows as weight to the power of {exponent:.2f}")


# %%
# A grade as its place in its order: 0 is the worst.
ranks = pd.DataFrame({name: rows[name].map(ORDER[name].index) for name in GRADES})


def fitted(target: np.ndarray, *columns: np.ndarray) -> np.ndarray:
    """Return the coefficients of least squares, the constant first."""
    matrix = np.column_stack([np.ones(len(target)), *columns])
    # What cannot be told apart in a few drawn rows shares its coefficient.
    return np.linalg.pinv(matrix.T @ matrix) @ (matrix.T @ target)


of_grade = fitted(log_price.to_numpy(), log_carat.to_numpy(), ranks.to_numpy())[1]
say(
    f"A straight line on logarithms: a stone of twice the weight costs {2**exponent:.1f} times "
    "as much.",
    "Large stones have worse grades here (section 4):" if exponent < of_grade else None,
    f"at equal grades the exponent is {of_grade:.2f}, and twice the weight costs "
    f"{2**of_grade:.1f} times as much.",
)

# %% [markdown]
# Is there a step at round weights, beyond what the weight itself is worth? Around each one, within
# 0.05 carat on both sides, the logarithm of the price is fitted by the logarithm of the weight, the
# three grades, and whether the round weight is reached. The interval is the project's bootstrap.

# %%
REACH = 5  # hundredths of a carat on both sides
FEWEST = 15  # stones on each side


def step(weight: int) -> dict[str, float]:
    """Return by which share the price rises as a round weight is reached, and its interval."""
    near = cents.between(weight - REACH, weight + REACH - 1)
    price, carat = log_price[near].to_numpy(), log_carat[near].to_numpy()
    grades, is_there = ranks[near].to_numpy(), (cents[near] >= weight).to_numpy()

    def rise(drawn: np.ndarray) -> dict[str, float]:
        found = fitted(price[drawn], carat[drawn], grades[drawn], is_there[drawn])
        return {"step": np.expm1(found[-1])}

    low, high = bootstrap.interval(rise, len(price), seed=seed)["step"]
    counted = {"weight": weight / 100, "below": (~is_there).sum(), "above": is_there.sum()}
    if min(counted["below"], counted["above"]) < FEWEST:
        return {**counted, **dict.fromkeys(["step", "low", "high"], np.nan)}
    return {**counted, **rise(np.arange(len(price))), "low": low, "high": high}


jumps = pd.DataFrame([step(weight) for weight in CENTS])
each = (rows["price"] / rows["carat"]).groupby(cents / 100)
by_cent = each.agg(["size", "median"]).rename_axis("weight")
by_cent = by_cent.query("size >= 20 and weight <= 2.1").reset_index()
x = alt.X(
    "weight:Q",
    title="weight, carat",
    scale=alt.Scale(domain=[0.2, 2.12], nice=False),
    axis=alt.Axis(values=[0.3, 0.5, 0.7, 0.9, 1, 1.2, 1.5, 1.7, 2], grid=True),
)
dots = (
    alt.Chart(by_cent)
    .mark_circle(opacity=0.8)
    .encode(
        x=x,
        y=alt.Y("median:Q", title="median price, USD per carat", axis=alt.Axis(format=",d")),
        size=alt.Size(
            "size:Q",
            title="stones",
            scale=alt.Scale(range=[12, 260]),
            legend=alt.Legend(tickCount=4),
        ),
    )
)
dots.properties(height=280, title="The price of a carat, by weight")

# %%
spoken = jumps.rename(columns={"below": "stones below", "above": "stones at or above"})
table(
    spoken,
    **{"weight": ".2f", "stones below": ",", "stones at or above": ","},
    **dict.fromkeys(["step", "low", "high"], "+.1%"),
)
judged_weights = jumps.dropna()
sure = judged_weights[judged_weights["low"] > 0]
unsure = judged_weights[judged_weights["low"] <= 0]
least, one = (jumps.set_index("weight").loc[weight] for weight in (0.3, 1.0))
around = cents.between(30 - REACH, 30 + REACH - 1)
is_under = cents < 30
better = ranks[around & is_under].mean() - ranks[around & ~is_under].mean()
at_weights = ", ".join(f"{weight:g}" for weight in sure["weight"])
not_at = ", ".join(f"{weight:g}" for weight in unsure["weight"])
is_one_a_step = one["low"] > 0
say(
    f"A step is certain (its 95% interval lies above zero) at {at_weights} carat"
    f"{f', and not at {not_at}' if not_at else ''}."
    if at_weights
    else "No step is certain: these stones are too few, or there is none.",
    f"At one carat it is {one['step']:.1%} ({one['low']:.1%} to {one['high']:.1%}). **For a "
    "jeweller:** a stone of 0.97 carat looks like one of 1.00 and saves that step besides the "
    f"weight; but few exist ({one['below']:.0f} just below one carat, {one['above']:,.0f} at it "
    "or just above)."
    if is_one_a_step
    else None,
    f"\n\nAt 0.3 carat the table has a step of {least['step']:.1%} and the chart no leap to "
    "speak of: it takes stones of all grades together, and those just below 0.3 carat are better, "
    f"on average by {better['color']:.1f} grades of colour and {better['clarity']:.1f} of clarity."
    if least["low"] > 0 and better[["color", "clarity"]].min() > 0.2
    else None,
)

# %% [markdown]
# ## 4. The four Cs at equal weight
#
# Weight, cut, colour, clarity. Mean prices by grade mislead where grades differ in weight too.

# %%
extremes = pd.DataFrame(
    {
        "grade": f"{word} {grade}",
        "is": kind,
        "mean price, USD": rows.loc[rows[name] == grade, "price"].mean(),
        "mean weight, carat": rows.loc[rows[name] == grade, "carat"].mean(),
    }
    for name, word in GRADES.items()
    for kind, grade in zip(("worst", "best"), (ORDER[name][at] for at in (0, -1)), strict=True)
)
table(extremes, **{"mean price, USD": ",.0f", "mean weight, carat": ".2f"})
worst, best = (
    extremes[extremes["is"] == kind].iloc[:, 2:].to_numpy() for kind in ("worst", "best")
)
ratio = worst / best
say(
    f"Stones of the worst colour cost {ratio[1, 0] - 1:.0%} more on average than those of the "
    f"best, of the worst clarity {ratio[2, 0] - 1:.0%} more, of the worst cut "
    f"{ratio[0, 0] - 1:.0%} more. They are also {ratio[1, 1]:.1f}, {ratio[2, 1]:.1f} and "
    f"{ratio[0, 1]:.1f} times as heavy: who compares means compares weights. This is Simpson's "
    "paradox."
    if (worst > best).all()
    else None
)

# %% [markdown]
# So grades are compared among stones of one weight, to a twentieth of a carat (logarithms are
# averaged within each weight, and weights that hold many stones count more). A second comparison
# holds the two other grades equal as well.

# %%
rows["weight"] = (rows["carat"] * 20).round()


def worth(some: pd.DataFrame, name: str, equal: list[str]) -> np.ndarray:
    """Return each grade's price as a multiple of the lowest grade's, at equal columns `equal`."""
    listed = ORDER[name]
    dummies = pd.get_dummies(some[name]).reindex(columns=listed, fill_value=0).astype(float)
    both = dummies.assign(price=np.log(some["price"]))
    if equal:
        both = both - both.groupby([some[other] for other in equal]).transform("mean")
    columns = both.to_numpy()
    effects = np.linalg.lstsq(columns[:, 1:-1], columns[:, -1], rcond=None)[0]
    times = np.exp(np.concatenate([[0.0], effects]))
    return np.where(some[name].value_counts().reindex(listed, fill_value=0) > 0, times, np.nan)


HOW = ["mean prices", "at equal weight", "at equal weight and other grades"]
compared = []
for name in GRADES:
    listed = ORDER[name]
    means = rows.groupby(name)["price"].mean()[listed]
    others = [other for other in GRADES if other != name]
    found = [
        means / means.iloc[0],
        worth(rows, name, ["weight"]),
        worth(rows, name, ["weight", *others]),
    ]
    compared += [
        {"of": name, "grade": grade, "how": how, "times": times}
        for how, each in zip(HOW, found, strict=True)
        for grade, times in zip(listed, each, strict=True)
    ]
compared = pd.DataFrame(compared)
panels = [
    alt.Chart(compared[compared["of"] == name])
    .mark_line(point=alt.OverlayMarkDef(size=45))
    .encode(
        x=alt.X(
            "grade:N",
            sort=ORDER[name],
            title=word,
            axis=alt.Axis(labelAngle=-45),
        ),
        y=alt.Y(
            "times:Q",
            title="price as a multiple of the worst grade's" if name == "cut" else None,
            scale=alt.Scale(type="log", domain=[0.5, 3.5], nice=False),
            axis=alt.Axis(values=[0.5, 0.7, 1, 1.5, 2, 3]),
        ),
        color=alt.Color(
            "how:N",
            title=None,
            sort=HOW,
            scale=alt.Scale(domain=HOW, range=[GREY, ORANGE, BLUE]),
            legend=alt.Legend(symbolType="stroke", symbolSize=500, symbolStrokeWidth=3),
        ),
        strokeDash=alt.StrokeDash(
            "how:N",
            sort=HOW,
            title=None,
            scale=alt.Scale(domain=HOW, range=[[2, 3], [7, 4], [1, 0]]),
        ),
    )
    .properties(width=WIDTH / 3 - 5, height=250)
    for name, word in GRADES.items()
]
alt.hconcat(*panels).properties(
    title="Better grades cost more once like is compared with like (worst to best)"
)

# %%
ends = compared.assign(place=compared.groupby(["of", "how"]).cumcount())
last = ends[ends["place"] == ends.groupby("of")["place"].transform("max")]
times = last.pivot_table(index="of", columns="how", values="times")[HOW].loc[list(GRADES)]
table(
    times.rename(index=GRADES).rename_axis("best over worst").reset_index(),
    **dict.fromkeys(HOW, ".2f"),
)
grade_steps = compared[compared["how"] == HOW[2]].groupby("of")["times"].diff().dropna()
grade_ends = times[HOW[2]]
say(
    f"At equal weight and other grades, all weights together, {(grade_steps > 0).sum()} of "
    f"{len(grade_steps)} steps up cost more: from worst to best clarity "
    f"{grade_ends['clarity']:.1f} times as much, colour {grade_ends['color']:.1f} times, cut "
    f"{grade_ends['cut']:.1f} times.",
    "**For a jeweller:** after weight, clarity and colour make the price, and cut moves it least."
    if grade_ends["cut"] < min(grade_ends["color"], grade_ends["clarity"])
    else None,
)

# %% [markdown]
# ## 5. Models, step by step
#
# A row tests when a hash of its content says so; the others train. Models are chosen by five-fold
# cross-validation on the training rows, and the test rows have the last word. Where the pipeline
# has committed figures of these very rows, they stand here.

# %%
sizes_here = {"train": len(ready.train), "test": len(ready.test)}
committed = {
    path.stem: figures
    for path in sorted((paths.METRICS / "diamonds").glob("*.json"))
    if path != paths.quality("diamonds")
    and (figures := json.loads(path.read_text()))["rows"] == sizes_here
}
tracked = pd.DataFrame(
    {
        "model": name,
        "what it is": compose(f"model={name}").model.about,
        "cv MAE": of["cv"]["mae"]["mean"],
        "+-": of["cv"]["mae"]["std"],
        "test MAE": of["test"]["mae"],
        "R2": of["test"]["r2"],
        "MAPE": of["test"]["mape"],
    }
    for name, of in committed.items()
)
USD = dict.fromkeys(["cv MAE", "test MAE"], ",.1f")
if len(tracked):
    tracked = tracked.sort_values("cv MAE", ascending=False)
    table(tracked, **USD, **{"+-": ".1f", "R2": "z.3f", "MAPE": ".1%"})
else:
    say("The committed figures are of other rows than these; `dvc repro` makes them anew.")

# %% [markdown]
# Three of them are trained here by the pipeline's own function, in its configuration, but for one
# thing: the pipeline averages trees of three seeds, and here is one, which takes a third of the
# time. What is called the champion below is that one. Then the way to it from the plainest model is
# walked one choice at a time, and each step compared with the one before it on the same test
# stones, by the project's paired bootstrap. Last, the logarithm and the derived columns are taken
# from the champion, each alone.
#
# The plainest columns are weight, length and the three grades; those as given are these with depth,
# table, width and height; all are these with the derived ones.


# %%
def train(*words: str) -> training.Outcome:
    """Cross-validate, fit and judge as the pipeline does."""
    given = compose(*words)
    with Bar(given.model.name) as bar:
        return training.train(given, ready.train, ready.test, Path("unused"), bar)


def fit(some: pd.DataFrame, *words: str) -> np.ndarray:
    """Fit once on some training rows, and predict the test rows."""
    given = compose(*words)
    recipe = Recipe(given.dataset, given.model, None, given.seed)
    return recipe.fit(some, some["price"].to_numpy()).output(ready.test)


ONE, GIVEN = "model.average=1", f"model.drop=[{','.join(dataset.derived)}]"
RAW = "model.target_transform=none"
trained = {name: train(f"model={name}", ONE) for name in ("linear", "log_linear", "xgboost")}
champion = trained["xgboost"]
truth = ready.test["price"].to_numpy()
both = pd.DataFrame(
    {
        "model": name,
        "test MAE here": outcome.metrics["test"]["mae"],
        "committed": committed[name]["test"]["mae"] if name in committed else None,
    }
    for name, outcome in trained.items()
)
table(both, **{"test MAE here": ",.1f", "committed": ",.1f"})

# %%
ladder = {
    "linear: price, plainest columns": trained["linear"].predictions["predicted"],
    "linear: log(price), plainest columns": trained["log_linear"].predictions["predicted"],
    "linear: log(price), columns as given": fit(ready.train, "model=log_linear", GIVEN),
    "linear: log(price), all columns": fit(ready.train, "model=log_linear", "model.drop=[]"),
    "trees: log(price), all columns": champion.predictions["predicted"],
    "trees: price, all columns": fit(ready.train, "model=xgboost", ONE, RAW),
    "trees: log(price), columns as given": fit(ready.train, "model=xgboost", ONE, GIVEN),
}
ladder = {name: np.asarray(predicted) for name, predicted in ladder.items()}


def judged(name: str, before: str | None) -> dict[str, object]:
    """Return a model's error with its interval, and what it gains over another."""
    errors = np.abs(ladder[name] - truth)
    low, high = bootstrap.interval(
        lambda drawn: {"mae": errors[drawn].mean()}, len(errors), seed=seed
    )["mae"]
    line = {"model": name, "MAE": errors.mean(), "low": low, "high": high}
    if before is None:
        return {**line, "gain": None, "from": None, "to": None}
    gain = bootstrap.compare("regression", "mae", truth, ladder[name], ladder[before], seed=seed)
    return {**line, "gain": gain.difference, "from": gain.low, "to": gain.high}


names = list(ladder)
before = [None, *names[:4], names[4], names[4]]
climbed = pd.DataFrame(judged(*pair) for pair in zip(names, before, strict=True))
WAYS = ["one choice after the other", "the champion without one"]
base = alt.Chart(climbed.assign(way=np.repeat(WAYS, [5, 2]))).encode(
    y=alt.Y("model:N", sort=names, title=None, axis=alt.Axis(labelLimit=260))
)
way = alt.Color("way:N", title=None, scale=alt.Scale(domain=WAYS, range=[BLUE, GREY]))
x = alt.X(
    "MAE:Q", title="mean absolute error on the test stones, USD", scale=alt.Scale(domainMin=0)
)
steps = (
    base.mark_bar(opacity=0.85, height=16).encode(x=x, color=way)
    + base.mark_rule(strokeWidth=2, color="black").encode(x="low:Q", x2="high:Q")
    + base.mark_text(align="left", dx=6).encode(x="high:Q", text=alt.Text("MAE:Q", format=",.0f"))
)
steps.properties(width=400, title="What each choice buys (lines: 95% intervals)")

# %%
table(climbed, **dict.fromkeys(climbed.columns[1:], ",.1f"))
first, last = climbed["MAE"].iloc[[0, 4]]
gains = climbed["gain"]
is_gain = climbed["from"].iloc[1:5] > 0
is_loss = climbed["to"].iloc[5:] < 0
say(
    "Every step gains more than chance explains: the intervals of the gain (from, to) lie above "
    "zero."
    if is_gain.all()
    else f"Of {len(is_gain)} steps {is_gain.sum()} gain more than chance explains: the interval of "
    "the gain (from, to) lies above zero.",
    f"The error goes from {first:,.0f} to {last:,.0f} USD. The logarithm is worth "
    f"{gains[1]:,.0f} USD to the straight line, for prices grow by factors (section 3), the other "
    f"columns as given {gains[2]:,.0f}, the derived ones {gains[3]:,.0f}, and trees in place of "
    f"the line {gains[4]:,.0f}.",
    "Trees bend by themselves and need the rest less: the champion (the "
    f"last two lines are compared with it) loses {-gains[5]:,.0f} USD without the logarithm and "
    f"{-gains[6]:,.0f} without the derived columns."
    if is_loss.all()
    else None,
    f"Two more seeds, in the table above, bring {both.iloc[2, 1]:,.1f} to {both.iloc[2, 2]:,.1f}."
    if "xgboost" in committed
    else None,
)

# %%
kept = pd.DataFrame(
    {
        "model": name,
        "cv MAE by fold": ", ".join(f"{score:.0f}" for score in outcome.details["cv_scores"]),
        "held by the range": outcome.interval["measured"],
        "mean width, USD": outcome.interval["width"],
    }
    for name, outcome in trained.items()
)
table(kept, **{"held by the range": ".1%", "mean width, USD": ",.0f"})
asked = champion.interval["coverage"]
narrower = 1 - kept.iloc[2, 3] / kept.iloc[0, 3]
is_kept = bootstrap.share(kept.iloc[2, 2], len(truth))[1] >= asked
say(
    f"Each answer comes with a range that shall hold the price {asked:.0%} of the time.",
    "On all test stones together the champion's does, as far as chance lets one tell; how often "
    "within kinds of stones, section 6 looks at."
    if is_kept
    else f"On all test stones together the champion's does so {kept.iloc[2, 2]:.1%} of the time, "
    "less than chance explains.",
    f"A better model's range is narrower, the champion's by {narrower:.0%} than the straight "
    "line's."
    if narrower > 0
    else None,
)

# %% [markdown]
# ## 6. Errors looked at

# %%
test = ready.test.assign(predicted=champion.predictions["predicted"].to_numpy())
test["low"], test["high"] = conformal.limits(champion.interval, test["predicted"].to_numpy(), test)
test["error"] = test["predicted"] - test["price"]
test["share"] = test["error"].abs() / test["price"]
test["is_held"] = test["price"].between(test["low"], test["high"])


def errors_by(groups: pd.Series, name: str) -> pd.DataFrame:
    """Tell how far off the champion is within groups of stones."""
    grouped = test.groupby(groups, observed=True, sort=False)
    found = {
        "stones": grouped.size(),
        "MAE": grouped["error"].apply(lambda errors: errors.abs().mean()),
        "median error": grouped["share"].median(),
        "mean shift": grouped["error"].mean(),
        "held": grouped["is_held"].mean(),
    }
    return pd.DataFrame(found).rename_axis(name).reset_index()


ERRORS = {"stones": ",", "MAE": ",.0f", "median error": ".1%", "mean shift": "+,.0f", "held": ".0%"}
EDGES = [0, 500, 1000, 2500, 5000, 10_000, max(20_000, int(highest_price) + 1)]
NAMES = [f"{low:,} to {high:,}" for low, high in pairwise(EDGES)]
of_price = errors_by(pd.cut(test["price"], EDGES, labels=NAMES), "price, USD").sort_values(
    "price, USD"
)
table(of_price, **ERRORS)
dear = test["price"] > 10_000
shares = of_price["median error"]
top = of_price.iloc[-1]
say(
    f"Beside the price the error is {shares.min():.0%} to {shares.max():.0%} in the median.",
    f"So it grows in USD, and the {dear.mean():.0%} of stones above 10,000 USD make "
    f"{test.loc[dear, 'error'].abs().sum() / test['error'].abs().sum():.0%} of all of it."
    if dear.any()
    else None,
    f"The dearest are called too cheap, by {-top['mean shift']:,.0f} USD on average, as happens "
    "wherever the dearest are picked by their prices."
    if top["mean shift"] < 0
    else None,
)

# %%
LIMITS = [0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 6]
SIZES = [f"{low:g} to {high:g}" for low, high in pairwise(LIMITS[:-1])] + ["2 and more"]
KINDS = {
    "weight, carat": (pd.cut(test["carat"], LIMITS, right=False, labels=SIZES), SIZES),
    **{word: (test[name], ORDER[name][::-1]) for name, word in GRADES.items()},
}
by_kind = {word: errors_by(groups, "group") for word, (groups, _) in KINDS.items()}
most_off = max(found["median error"].max() for found in by_kind.values())
least_held = min(0.6, min(found["held"].min() for found in by_kind.values()))


def errors_chart(word: str, *, is_last: bool) -> alt.HConcatChart:
    """Draw each group's median error, and how many of its prices the range held."""
    found, order = by_kind[word], KINDS[word][1]
    size = {"width": 225, "height": 18 * len(order)}
    counted = zip(found["held"], found["stones"], strict=True)
    said = found.assign(said=[f"{held:.0%} of {stones:,}" for held, stones in counted])
    base = alt.Chart(said).encode(
        y=alt.Y("group:N", sort=order, title=None, axis=alt.Axis(minExtent=75))
    )
    error = base.encode(
        x=alt.X(
            "median error:Q",
            title="median error, share of the price" if is_last else None,
            scale=alt.Scale(domain=[0, 1.15 * most_off]),
            axis=alt.Axis(format="%", tickCount=3),
        )
    )
    words = error.mark_text(align="left", dx=4).encode(
        text=alt.Text("median error:Q", format=".1%")
    )
    held = base.encode(
        y=alt.Y("group:N", sort=order, axis=None),
        x=alt.X(
            "held:Q",
            title="prices within the range, of stones" if is_last else None,
            scale=alt.Scale(domain=[least_held, 1], zero=False),
            axis=alt.Axis(format="%", tickCount=5),
        ),
    )
    promised = (
        alt.Chart()
        .mark_rule(color=ORANGE, strokeWidth=2)
        .encode(x=alt.X(datum=asked, scale=alt.Scale(domain=[least_held, 1], zero=False)))
    )
    beside = held.mark_text(align="left").encode(x=alt.value(size["width"] + 12), text="said:N")
    return alt.hconcat(
        (error.mark_bar() + words).properties(title=f"By {word}", **size),
        (promised + held.mark_circle(size=60, opacity=1) + beside).properties(**size),
    )


*some, final = KINDS
alt.vconcat(
    *(errors_chart(word, is_last=False) for word in some),
    errors_chart(final, is_last=True),
    spacing=8,
).properties(title=f"How far off, and how often the range holds (line: the promised {asked:.0%})")

# %%
# What the pipeline keeps of each version: every value, every quarter, the leaves of a small tree.
segments = pd.DataFrame(champion.details["segments"])
segments["named"] = segments["segment"].str.replace("clarity ", "", regex=False)
short = segments[segments["worse"].map(lambda worse: "coverage" in worse)]
harder = segments[segments["worse"].map(lambda worse: "error" in worse)].head(8)
shown = ["segment", "rows", "metric", "coverage", "coverage_low", "coverage_high"]
if len(harder):
    table(
        harder[shown].rename(
            columns={"metric": "MAE", "coverage": "held", "segment": "stones with"}
        ),
        rows=",",
        MAE=",.0f",
        held=".0%",
        coverage_low=".0%",
        coverage_high=".0%",
    )
by_clarity = by_kind["clarity"].query("stones >= 20").set_index("group")["median error"]
worst, others = by_clarity.idxmax(), by_clarity.drop(by_clarity.idxmax())
held = ", ".join(
    f"{one.segment} ({one.coverage:.0%} of {one.rows:,})" for one in short.itertuples()
)
say(
    "The table has the kinds of stones that are missed by more USD than the others, by more than "
    f"chance explains ({len(segments)} kinds were looked at, which is made up for)."
    if len(harder)
    else None,
    f"\n\nClarity {worst} stands out beside its price: half of its stones are missed by more than "
    f"{by_clarity[worst]:.0%}, of all other clarities by {others.min():.0%} to {others.max():.0%}. "
    "Few stones teach it."
    if by_clarity[worst] > 1.5 * others.max()
    else None,
    f"\n\nThe range holds {test['is_held'].mean():.0%} of all stones together. It is stretched "
    "where stones of a grade or a size are harder to price than others that are as dear, so that "
    "it holds as often there.",
    f"By more than chance explains it held fewer of {held}: price such a stone "
    "by the model alone, and do not trust its range."
    if len(short)
    else "No kind falls short by more than chance explains. **For a jeweller:** a range is wide "
    "where stones are hard to price; do not read more into it.",
)

# %% [markdown]
# The stones that were missed by most, as they stand in the data:

# %%
far = test.loc[test["error"].abs().nlargest(20).index]
table(
    far.head(8)[
        ["carat", "cut", "color", "clarity", "x", "y", "z", "price", "predicted", "low", "high"]
    ],
    **dict.fromkeys(["price", "predicted", "low", "high"], ",.0f"),
    **dict.fromkeys("xyz", ""),
)
is_large, is_over = far["carat"] >= 1.5, far["error"] > 0
ceiling = rows["price"].max()
low_price = far[is_over]
say(
    f"{is_large.sum()} of the 20 worst weigh 1.5 carat or more, and {is_over.sum()} are called "
    f"too dear: large stones of low price for their grades ({low_price['price'].min():,.0f} to "
    f"{low_price['price'].max():,.0f} USD)."
    if min(is_large.sum(), is_over.sum()) > 15
    else None,
    f"No stone in the data costs more than {ceiling:,.0f} USD: of dearer ones the model has learnt "
    "nothing.",
)

# %% [markdown]
# ### Prices to check
#
# Of the stones to learn from, these are denied most by models that were fitted without them: a slip
# of the pen looks like this, and so does a rare stone.

# %%
doubted = pd.DataFrame(
    {**one["record"], **{key: one[key] for key in ("actual", "predicted", "surprise")}}
    for one in champion.suspects[:8]
)
if len(doubted):
    grades = ["carat", "cut", "color", "clarity", *"xyz"]
    table(
        doubted[[*grades, "actual", "predicted", "surprise"]],
        **dict.fromkeys("xyz", ""),
        **dict.fromkeys(["actual", "predicted"], ",.0f"),
        surprise=".1f",
    )
say(
    f"Of {len(ready.train):,} stones these are the first of {len(champion.suspects)} that are "
    f"further off than {suspects.LEAST:g} times the way to the end of their range; the last column "
    "says how many times."
    if len(doubted)
    else f"None of {len(ready.train):,} has a price that the others deny."
)

# %% [markdown]
# ### What would help?

# %%
order = np.random.default_rng(seed).permutation(len(ready.train))
sizes = [len(order) // 16, len(order) // 8, len(order) // 4, len(order) // 2]
curve = pd.DataFrame(
    {
        "rows": size,
        "MAE": np.abs(fit(ready.train.iloc[order[:size]], "model=xgboost", ONE) - truth).mean(),
    }
    for size in sizes
)
curve.loc[len(curve)] = [len(order), last]
points = (
    alt.Chart(curve)
    .mark_line(point=alt.OverlayMarkDef(size=60))
    .encode(
        x=alt.X(
            "rows:Q",
            title="training stones (logarithmic)",
            scale=alt.Scale(type="log", domain=[0.6 * sizes[0], 1.4 * len(order)], nice=False),
            axis=alt.Axis(values=curve["rows"].tolist(), format=",d", grid=False),
        ),
        y=alt.Y("MAE:Q", title="mean absolute error, USD", scale=alt.Scale(zero=False, padding=20)),
    )
)
labels = points.mark_text(dy=-14).encode(text=alt.Text("MAE:Q", format=".0f"))
(points + labels).properties(height=200, title="What more stones buy")

# %%
strange = is_odd.loc[test.index]
before, after = curve["MAE"].iloc[-2:]
halved = curve["MAE"].iloc[0] - curve["MAE"].iloc[1]
say(
    f"- **More stones**: the last doubling bought {before - after:.0f} USD of {before:.0f}, the "
    f"first one {halved:.0f}.",
    "More of the kinds that are rare here should buy more than more of the same.\n",
    f"- **Mended measures**: the {strange.sum()} test stones of "
    "section 1 whose measures contradict their depth are missed by "
    f"{test.loc[strange, 'share'].mean():.0%} on average, the others by "
    f"{test.loc[~strange, 'share'].mean():.1%}; they make "
    f"{test.loc[strange, 'error'].abs().sum() / test['error'].abs().sum():.1%} of all error.\n"
    if strange.any()
    else None,
    f"- **Another column**: the champion is {test['share'].median():.1%} off in the median and "
    f"{test['share'].mean():.1%} on average: in the median further than a twin of the stone, which "
    f"is {missed.median():.1%} and {missed.mean():.1%} off (section 1; twins at the same price "
    "were removed as repeats, so that twins look worse here than they are). Part of what is left "
    "no model can learn from these columns: what sets twins apart has to be recorded first."
    if has_twins and test["share"].median() > missed.median()
    else None,
)

# %% [markdown]
# ## 7. Why a stone costs what it costs
#
# The service explains each answer: it starts at a typical stone and says what each feature adds.
# The contributions are exact Shapley values of the trees, brought to USD, and add up to the answer.
#
# Size has several spellings here. They move together, so that one tells nearly all of the others,
# and how size's part is shared among them is the model's accident: where y gets more than carat,
# width is not dearer than weight. The pipeline finds such columns and takes them for one cause;
# read their sum.

# %%
exported = exporting.export(champion.fitted, dataset, ready.train)
predictor = predictors.build(dataset, exported.files().__getitem__)
interval = Interval.from_manifest(champion.interval, list(dataset.features))
ranked = test.sort_values(["price", "carat"], kind="stable")
some = ranked.iloc[[round(len(ranked) * share) for share in (0.1, 0.5, 0.9)]]
causes = champion.details["causes"]
SIZE = next((parts for parts in causes.values() if "carat" in parts), ["carat"])
for record, price in zip(exporting.records(some, dataset), some["price"], strict=True):
    why = predictor.explain(record)
    low, high = interval.around_one(why.value, record)
    carat, cut, color, clarity, *_ = record
    say(
        f"**{carat:g} carat, {cut}, {color}, {clarity}**, priced at {price:,.0f} USD. Predicted "
        f"{why.value:,.0f}, likely {low:,.0f} to {high:,.0f}. {sentence(why, dataset, causes)}"
    )

# %%
MANY = min(400, len(ranked))
spread = ranked.iloc[np.linspace(0, len(ranked) - 1, MANY).round().astype(int)]
amounts = pd.DataFrame(
    {part.feature: part.contribution for part in predictor.explain(record).contributions}
    for record in exporting.records(spread, dataset)
)
WORDS = {"carat": "weight (carat)", "x": "length x", "y": "width y", "z": "height z"}
SPOKEN = {**WORDS, "color": "colour", "size": f"size: all {len(SIZE)} together"}
by_feature = amounts.abs().mean()
together = pd.Series({"size": amounts[SIZE].sum(axis=1).abs().mean()} if len(SIZE) > 1 else {})
ordered = [together, by_feature[SIZE], by_feature.drop(SIZE)]
mean = pd.concat([part.sort_values(ascending=False) for part in ordered])
mean = mean.rename_axis("feature").reset_index(name="USD")
mean["said"] = mean["feature"].map(SPOKEN).fillna(mean["feature"])
base = alt.Chart(mean).encode(
    y=alt.Y("said:N", sort=None, title=None),
    x=alt.X(
        "USD:Q",
        title="mean absolute contribution, USD",
        scale=alt.Scale(domain=[0, 1.1 * mean["USD"].max()], nice=False),
        axis=alt.Axis(tickCount=6, format=",d"),
    ),
)
is_part = alt.FieldOneOfPredicate(field="feature", oneOf=SIZE if len(SIZE) > 1 else [])
(
    base.mark_bar().encode(color=alt.condition(is_part, alt.value(GREY), alt.value(BLUE)))
    + base.mark_text(align="left", dx=4).encode(text=alt.Text("USD:Q", format=",.0f"))
).properties(height=240, title="What moves the price of a stone (grey: the spellings of size)")

# %%
size = by_feature[SIZE].sum() / by_feature.sum()
rest = by_feature.drop(SIZE).sort_values(ascending=False) / by_feature.sum()
said = ", ".join(
    f"{SPOKEN.get(name, name)} {share:.0%}" for name, share in rest.items() if share >= 0.01
)
say(
    f"Over {MANY} test stones of all prices, size in its spellings ({', '.join(SIZE)}) makes "
    f"{size:.0%} of what is added and taken away, {said}."
)

# %% [markdown]
# The same question without the model's arithmetic, as the model card of each version answers it: by
# how much does the error rise where a column is shuffled, so that it tells nothing any more? The
# spellings of size are shuffled together, since alone each looks needless.

# %%
few = ready.test.sample(min(1000, len(ready.test)), random_state=seed)
together = {"size": SIZE} if len(SIZE) > 1 else {}
alone = {name: [name] for name in dataset.features}
found = importance.permutation(
    AskedFitted(champion.fitted, few[list(dataset.features)]),
    lambda output: float(np.abs(output - few["price"].to_numpy()).mean()),
    {**together, **alone},
    seed=seed,
)
shuffled = pd.DataFrame(
    {
        "column shuffled": SPOKEN.get(name, name),
        "error rises by, USD": one.mean,
        "+-": one.deviation,
    }
    for name, one in found.items()
)
shuffled = shuffled.sort_values("error rises by, USD", ascending=False)
table(shuffled, **{"error rises by, USD": ",.0f", "+-": ",.0f"})

# %% [markdown]
# ### What one grade is worth at one carat
#
# Each test stone of 1.00 to 1.05 carat is given every grade in turn, all else as it is. The mean of
# the model's answers says what a grade is worth; beside it stands what the stones themselves say at
# equal other grades, by the comparison of section 4, in USD at their mean price.
#
# For cut "all else as it is" cannot be: a cut is graded by its proportions, which depth, table and
# measures tell, so that the grade does not change while they stay. There, read the stones.

# %%
carat_stones = test[test["carat"].between(1, 1.05)]
all_stones = rows[rows["carat"].between(1, 1.05)]
worths = []
for name, word in GRADES.items():
    listed = ORDER[name]
    answers = [
        predictor.output(exporting.records(carat_stones.assign(**{name: grade}), dataset)).mean()
        for grade in listed
    ]
    others = [other for other in GRADES if other != name]
    seen = worth(all_stones, name, others)
    usual = all_stones[name].map(dict(zip(listed, seen, strict=True)))
    in_usd = seen * all_stones["price"].mean() / usual.mean()
    worths += [
        {
            "of": name,
            "one grade up": f"{word} {listed[at - 1]} to {listed[at]}",
            "step": f"{listed[at - 1]} to {listed[at]}",
            "USD by the model": answers[at] - answers[at - 1],
            "USD by the stones": in_usd[at] - in_usd[at - 1],
            "model": answers[at] / answers[at - 1] - 1,
            "stones": seen[at] / seen[at - 1] - 1,
        }
        for at in range(1, len(listed))
    ]
worths = pd.DataFrame(worths)
BY = {"USD by the stones": "by the stones", "USD by the model": "by the model, all else as it is"}
both = worths.rename(columns=BY).melt(["of", "step"], list(BY.values()), "by", "USD")
lowest_step, highest_step = both["USD"].agg(["min", "max"])
panels = []
for name, word in GRADES.items():
    base = alt.Chart(both[both["of"] == name]).encode(
        y=alt.Y("step:N", sort=worths["step"].tolist(), title=None, axis=alt.Axis(labelLimit=170)),
        yOffset=alt.YOffset("by:N", sort=list(BY.values())),
        x=alt.X(
            "USD:Q",
            title="USD",
            scale=alt.Scale(domain=[min(-100, lowest_step), 1.35 * highest_step], nice=False),
            axis=alt.Axis(tickCount=3, format=",d"),
        ),
    )
    by = alt.Color(
        "by:N", title=None, scale=alt.Scale(domain=list(BY.values()), range=[ORANGE, BLUE])
    )
    words = (
        base.transform_calculate(end="max(datum.USD, 0)")
        .mark_text(align="left", dx=4, fontSize=11)
        .encode(x="end:Q", text=alt.Text("USD:Q", format="+,.0f"))
    )
    height = 34 * worths["of"].eq(name).sum()
    panels.append(
        (base.mark_bar().encode(color=by) + words).properties(width=120, height=height, title=word)
    )
alt.hconcat(*panels).properties(title="What one grade more is worth at one carat")

# %%
SHARES = {"stones": "% by the stones", "model": "% by the model"}
table(
    worths.rename(columns=SHARES)[["one grade up", *BY, *SHARES.values()]],
    **dict.fromkeys(BY, "+,.0f"),
    **dict.fromkeys(SHARES.values(), "+.1%"),
)
usual = carat_stones["price"].median()
up = {name: worths[worths["of"] == name].set_index("step") for name in GRADES}
of_model = {name: found["USD by the model"] for name, found in up.items()}
cut = up["cut"]
is_cut = worths["of"] == "cut"
apart = (worths["model"] - worths["stones"])[~is_cut].abs().max()
predicted = carat_stones.assign(price=carat_stones["predicted"])
along = worth(predicted, "cut", ["color", "clarity"])[-1] - 1  # worst to best, with its measures
alone, seen = ((1 + cut[by]).prod() - 1 for by in ("model", "stones"))
is_cut_elsewhere = alone < along / 2 and abs(along - seen) < 0.06
largest = worths.loc[worths["USD by the model"].idxmax()]
level_steps = cut.index[cut[["model", "stones"]].abs().max(axis=1) < 0.02]
say(
    f"{len(carat_stones):,} test stones of one carat, with a median price of {usual:,.0f} USD. By "
    f"the model the largest step is from {largest['step']} of {GRADES[largest['of']]}, "
    f"{largest['USD by the model']:,.0f} USD; half of the steps of clarity are worth "
    f"{of_model['clarity'].median():,.0f} or more, half of those of colour "
    f"{of_model['color'].median():,.0f}.",
    f"In colour and clarity the stones say the same to within {apart:.0%} of the price."
    if apart < 0.06
    else None,
    f"\n\nOf cut they do not. From the worst to the best stones differ by {seen:.0%}. The model "
    f"says {alone:.0%} where the grade changes alone, and {along:.0%} among stones as they are, "
    "whose depth, table and measures go along: it puts most of the cut on those. So what a cut is "
    "worth is what the stones say."
    if is_cut_elsewhere
    else None,
    f"{' and '.join(level_steps)}: about the same price at one carat."
    if len(level_steps)
    else None,
)

# %%
# The cell "In short" at the beginning gets its text here.
steps = cut["USD by the stones"].dropna()
lowest = segments.loc[segments["coverage"].idxmin()]
for_jeweller = [
    f"**For a jeweller.** Twice the weight costs {2**of_grade:.1f} times as much at equal grades.",
    f"One carat is dearer than just below it by {one['step']:.0%} beyond its weight."
    if is_one_a_step
    else None,
    f"At one carat a colour grade is worth {of_model['color'].min():,.0f} to "
    f"{of_model['color'].max():,.0f} USD and a clarity grade {of_model['clarity'].min():,.0f} to "
    f"{of_model['clarity'].max():,.0f}, by the model.",
    "A cut grade, by the stones themselves, is worth "
    + ", ".join(f"{worth:,.0f} USD ({step})" for step, worth in steps.items())
    + "."
    if len(steps)
    else None,
    "(The model puts most of the cut on depth, table and measures: change the grade alone, and its "
    "answer moves too little.)"
    if is_cut_elsewhere
    else None,
    f"A predicted price is off by {test['share'].median():.0%} in the median. The range holds "
    f"{test['is_held'].mean():.0%} of all prices, and of each kind of stones looked at at least "
    f"{lowest['coverage']:.0%} ({lowest['segment']}, {lowest['rows']:,} stones): do not trust it "
    f"beyond {ceiling:,.0f} USD.",
]
faults_said = "; ".join(words for words, count in faults.items() if count)
denied = f"{len(champion.suspects)}{' or more' if len(champion.suspects) == suspects.MOST else ''}"
for_scientist = [
    "**For a data scientist.** The logarithm of the price, more columns, derived ones and trees "
    f"took the error from {first:,.0f} to {last:,.0f} USD.",
    f"The last doubling of the rows bought {before - after:,.0f} USD.",
    "Part of what is left no model can learn from these columns: a twin in all of them is "
    f"{missed.median():.1%} off in the median ({with_repeats.median():.1%} with the repeats) "
    f"where the champion is {test['share'].median():.1%}."
    if has_twins and test["share"].median() > missed.median()
    else None,
    "Check a range within groups, and not in all alone. Compare stones at equal weight or not at "
    "all.",
    f"Of the file's rows {len(bad)} were rejected: {faults_said}." if len(bad) else None,
    f"The data has a hole at {gap_low:,.0f} to {gap_high:,.0f} USD." if has_hole else None,
    f"It ends at {ceiling:,.0f} USD; {is_odd.sum()} stones have odd measures, {len(missed)} "
    f"contradict a twin, and the prices of {denied} are denied by the others.",
]
parts = [*for_jeweller, "\n\n", *for_scientist]
short_of_it.update(Markdown(" ".join(text for text in parts if text)))
