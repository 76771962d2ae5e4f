from __future__ import annotations

import json
import re
from typing import Any

import pytest

from src.data.findings import Finding, plain
from src.evaluation.bootstrap import Comparison
from src.reporting import verdicts
from src.reporting.changes import Changes
from src.reporting.document import CUT, Report, markdown, message, short, values, without_charts
from src.runs.comparison import Contest
from src.support import files
from tests.reporting.before import entry
from tests.reporting.made import QUALITY, changes, drift, figures, model, moved

COMMIT = "0123456789abcdef"
UNCHANGED = changes("coins", verdicts.UNCHANGED, "the figures are those of the last commit")
STRANGE = "a|b `c` <d>\n*e*\\"
TOLD = "a\\|b \\`c\\` \\<d> \\*e\\*\\\\"


def written(*found: Changes, pictures: Any = None) -> str:
    return markdown(Report(found, COMMIT), pictures or {})


def table(text: str, first: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this title."""
    (found,) = re.findall(rf"(?:^|\n)\| {re.escape(first)} \|.*\n\| ---.*((?:\n\|.*)*)", text)
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in found.strip().split("\n")
    ]


def test_all_is_summed_up_first() -> None:
    text = written(changes(), UNCHANGED)
    assert text.startswith(
        "# Retraining: better\n\nCompared with commit `0123456789`.\n\n| dataset"
    )
    assert table(text, "dataset") == [
        ["stones", "**better**", "linear, mae 250 → linear, mae 240", "better by far"],
        [
            "coins",
            "**unchanged**",
            "linear, mae 250 → linear, mae 240",
            "the figures are those of the last commit",
        ],
    ]
    assert "## stones: better\n\nBetter by far.\n" in text
    assert "## coins" not in text  # nothing changed
    assert text.endswith("|\n")


def test_rows_without_a_target_are_counted_where_there_are_some() -> None:
    some = {**QUALITY, "unlabelled": 7}
    text = written(changes(quality=(QUALITY, some)))
    assert ["without a target, skipped", "0", "7"] in table(text, "rows")
    report = Report([changes(quality=(None, some))], None)
    assert "2 rejected, 7 without a target" in message(report)
    assert "without a target" not in written(changes())


def test_there_may_be_no_commit_and_no_dataset() -> None:
    text = markdown(Report([], None), {})
    assert text.startswith("# Retraining: unchanged\n\nCompared with nothing: ")


def first_run() -> Changes:
    return changes(
        why="there was no champion before",
        before=None,
        quality=(None, QUALITY),
        models=[model(before=None), model("ridge", before=None)],
    )


def test_a_first_run_has_figures_of_now_alone() -> None:
    text = written(first_run())
    assert table(text, "dataset")[0][2] == "none → linear, mae 240"
    assert table(text, "rows") == [
        ["read", "-", "1,052"],
        ["accepted", "-", "1,050"],
        ["rejected", "-", "2"],
        ["rejected: missing", "-", "2"],
    ]
    assert table(text, "model")[1] == ["ridge", "- → 240", "- → 240", "- → 0.5", "passed"]
    assert "it is unknown which rows are new" in text
    assert "rows: none → 1,050 accepted, 2 rejected" in message(Report([first_run()], None))


def test_figures_of_another_version_are_left_out() -> None:
    old: Any = {"cv": 254.5, "test": None}
    found = changes(
        before={"champion": "linear", "cv": 254.5},
        quality=({"total": 9, "by_rule": None}, QUALITY),
        models=[model(before=old), model("ridge", before={"cv": {"mae": 254.5}})],
    )
    text = written(found)
    assert table(text, "dataset")[0][2] == "linear → linear, mae 240"
    assert table(text, "rows")[1] == ["accepted", "-", "1,050"]
    assert [row[1] for row in table(text, "model")] == ["- → 240", "- → 240"]
    assert "rows: none → 1,050 accepted" in message(Report([found], None))


def test_rules_that_came_and_went_are_counted() -> None:
    before = {**QUALITY, "rows": 900, "by_rule": {"duplicate": 7}}
    rows = table(written(changes(quality=(before, QUALITY))), "rows")
    assert rows[0] == ["read", "900", "1,052"]
    assert rows[3:] == [["rejected: duplicate", "7", "0"], ["rejected: missing", "0", "2"]]


def test_models_are_told_before_and_now() -> None:
    found = changes(
        models=[
            model("ridge", 250.0, 250.0),
            model("linear", 250.0, 240.0),
            model("dummy", None, 900.0, refused="r2 0 is below 0.9"),
        ]
    )
    assert table(written(found), "model") == [
        ["ridge", "250", "250", "0.5", "passed"],
        ["**linear**", "250 → 240", "250 → 240", "0.5", "passed"],
        ["dummy", "- → 900", "- → 900", "- → 0.5", "refused: r2 0 is below 0.9"],
    ]


def test_what_was_found_is_told_with_what_to_do_and_whether_it_is_new() -> None:
    leak = Finding("leaks", "id", "id names the row", "take it out")
    gap = Finding("gap", "figures_apart", "mae is 3|2", "trust it")
    before, now = {**QUALITY, "findings": plain([leak])}, figures(240.0, findings=plain([gap]))
    found = changes(quality=(before, before), models=[model(now=now), model("ridge", now=now)])
    assert "### What was found" in written(found)
    assert table(written(found), "of") == [
        ["rows", "leaks", "id names the row", "take it out", "known"],
        ["linear, ridge", "gap", "mae is 3\\|2", "trust it", "**new**"],
    ]
    told = values(Report([found], COMMIT))["datasets"]["stones"]["findings"]
    assert told["rows"] == plain([leak])
    assert told["models"] == {"linear": plain([gap]), "ridge": plain([gap])}
    assert "What was found" not in written(changes())


def test_without_a_champion_and_without_models_there_is_a_report() -> None:
    refused = changes(word=verdicts.REFUSED, after=entry(None), models=[])
    text = written(refused)
    assert table(text, "dataset")[0][2] == "linear, mae 250 → none"
    assert "### Models" in text


def test_another_metric_has_no_figure_of_before() -> None:
    before = figures(1.0, cv={"rmse": {"mean": 9.0, "std": 1.0}})
    assert table(written(changes(models=[model(before=before)])), "model")[0][1] == "- → 240"


def test_details_of_classes_are_left_out() -> None:
    now = figures(1.0, test={"accuracy": 0.9, "recall_macro": 0.8})
    text = written(changes(models=[model(now=now)]))
    assert "accuracy" in text
    assert "recall_macro" not in text


def test_parameters_that_changed_are_told() -> None:
    told = [("params.alpha", 1.0, 3), ("search", None, "optuna"), ("drop", True, 1000)]
    rows = table(written(changes(models=[model(parameters=told), model("ridge")])), "models | key")
    assert rows == [
        ["linear", "params.alpha", "1", "3"],
        ["linear", "search", "-", "optuna"],
        ["linear", "drop", "True", "1000"],
    ]
    assert "Configuration" not in written(changes())


def test_how_far_columns_moved_is_told() -> None:
    found = drift(moved("carat", 0.51234), moved("cut", 0.25, is_far=False), added=1234)
    text = written(changes(drift=found))
    assert "1,234 rows were added and 3 removed. They differ in carat." in text
    assert table(text, "column") == [
        ["**carat**", "0.512", "1 (0 to 2)", "3 (2 to 4)"],
        ["cut", "0.250", "1 (0 to 2)", "3 (2 to 4)"],
    ]
    few = written(changes(drift=drift(moved("cut", is_far=False))))
    assert "They do not differ from the others." in few


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (0, "0 rows were added and 3 removed.\n"),
        (12, "12 rows were added and 3 removed. They are too few "),
    ],
)
def test_few_rows_have_no_table(added: int, said: str) -> None:
    text = written(changes(drift=drift(added=added)))
    assert said in text
    assert "| column |" not in text


def test_only_the_columns_that_moved_furthest_are_told() -> None:
    many = [moved(f"c{at}") for at in range(40)]
    assert len(table(written(changes(drift=drift(*many))), "column")) == 15


def test_what_people_named_is_shown_as_it_is() -> None:
    found = changes(
        why=f"recall of {STRANGE} is not defined",
        drift=drift(moved(STRANGE), moved(f"2{STRANGE}", is_far=False)),
        models=[model(parameters=[(STRANGE, "x*y*z", STRANGE)], refused=STRANGE)],
        quality=(QUALITY, {**QUALITY, "by_rule": {STRANGE: 1}}),
    )
    text = written(found, pictures={"stones": {"stones-1.png": STRANGE}})
    assert table(text, "dataset")[0][3] == f"recall of {TOLD} is not defined"
    assert f"\n\nRecall of {TOLD} is not defined.\n" in text
    assert [row[0] for row in table(text, "column")] == [f"**{TOLD}**", f"2{TOLD}"]
    assert f"They differ in {TOLD}." in text
    assert table(text, "models | key")[0] == ["linear", TOLD, "x\\*y\\*z", TOLD]
    assert table(text, "rows")[-1] == [f"rejected: {TOLD}", "0", "1"]
    assert f"![{TOLD}](report/stones-1.png)" in text
    assert len(table(text, "model | mae (cross-validated)")[0]) == 5


def test_a_name_with_brackets_ends_no_image() -> None:
    text = written(changes(), pictures={"stones": {"stones-1.png": "size [mm]](x)"}})
    assert "![size \\[mm\\]\\](x)](report/stones-1.png)" in text


def test_charts_can_be_left_out() -> None:
    images = {"stones": {"stones-1.png": "carat", "stones-2.png": "cut"}}
    text = written(changes(), changes("coins"), pictures=images)
    assert text.count("![") == 2
    without = without_charts(text)
    assert without == written(changes(), changes("coins"))
    assert without_charts(without) == without


def test_what_is_too_long_ends_with_a_paragraph_and_says_so() -> None:
    text = "\n\n".join(["# head", "| a |\n| - |", "![x](report/x.png)", "z" * 50])
    assert short(text, 1000) == "\n\n".join(["# head", "| a |\n| - |", "z" * 50])
    cut = short(text, len(CUT) + 30)
    assert cut == "\n\n".join(["# head", "| a |\n| - |", CUT])
    assert len(short("y" * 500, 100)) <= 100


def test_other_inputs_are_told_beside_the_figures() -> None:
    report = Report([UNCHANGED], COMMIT, ["gems is no longer tracked", "the code of a|b changed"])
    text = markdown(report, {})
    assert text.startswith("# Retraining: level\n")
    assert "Besides the figures: gems is no longer tracked; the code of a\\|b changed.\n" in text
    assert values(report)["verdict"] == "level"
    assert Report([changes(word=verdicts.WORSE)], COMMIT, ["x"]).word == verdicts.WORSE


def test_what_a_program_reads_is_plain() -> None:
    result = Comparison(240.0, 250.0, 10.0, 5.0, 15.0, True)
    found = [
        changes(
            contest=Contest(80, 20, "mae", result),
            drift=drift(moved("carat"), moved("cut", is_far=False)),
            models=[model(), model("dummy", refused="r2 0 is below 0.9")],
        ),
        first_run(),
        UNCHANGED,
    ]
    document = values(Report(found[:1], COMMIT))
    assert json.loads(files.json_bytes(document)) == document
    assert document == {
        "verdict": "better",
        "commit": COMMIT,
        "others": [],
        "datasets": {
            "stones": {
                "verdict": "better",
                "why": "better by far",
                "champion": {"before": entry(mean=250.0), "now": entry(mean=240.0)},
                "comparison": Contest(80, 20, "mae", result).document(),
                "rows": {"before": QUALITY, "now": QUALITY},
                "added": 40,
                "removed": 3,
                "moved": ["carat"],
                "refused": {"dummy": "r2 0 is below 0.9"},
                "findings": {"rows": [], "models": {"linear": [], "dummy": []}},
            }
        },
    }
    rest = values(Report(found[1:], None))
    assert rest["verdict"] == "better"
    assert (rest["datasets"]["coins"]["comparison"], rest["datasets"]["coins"]["added"]) == (
        None,
        None,
    )


def test_a_commit_carries_the_figures() -> None:
    assert message(Report([changes(), UNCHANGED], COMMIT)) == (
        "retrain: stones better\n"
        "\n"
        "stones: linear, mae 250 → linear, mae 240\n"
        "rows: 1,050 accepted, 2 rejected\n"
        "better by far\n"
    )


def test_a_commit_has_a_short_first_line() -> None:
    two = [changes("stones"), changes("coins", verdicts.WORSE)]
    assert message(Report(two, COMMIT)).startswith(
        "retrain: stones better, coins worse\n\nstones: "
    )
    many = [
        changes(f"dataset_{at}", verdicts.WORSE if at % 3 else verdicts.LEVEL) for at in range(9)
    ]
    first, _, rest = message(Report(many, COMMIT)).partition("\n\n")
    assert first == "retrain: 3 level, 6 worse"
    assert all(one.dataset.name in rest for one in many)
    long = message(Report([changes("x" * 90)], COMMIT))
    assert len(long.split("\n")[0]) <= 72


def test_the_champions_card_is_linked_where_its_file_is() -> None:
    text = markdown(Report([changes()], COMMIT), {}, {"stones": "stones-card.md"})
    link = "[The champion's card](report/stones-card.md)"
    assert link in text
    assert link not in without_charts(text)
    assert "champion's card" not in markdown(Report([changes()], COMMIT), {}, {"stones": None})
