"""The report says which targets the figures meet."""

from benchmarks.meter import Usage
from benchmarks.report import Figures, show, show_table
from benchmarks.runs import Marginal, WholeClass
from benchmarks.times import ARRAYS, IMPORT, NETWORKS, PICTURES, step, validation


def test_a_table_is_markdown_with_each_row_in_one_line(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    show_table(("target", "measured"), [("[seconds] " + 50 * "long ", "11.4"), ("memory", "5")])

    head, rule, *rows = [line for line in capsys.readouterr().out.splitlines() if line.strip()]

    assert [cell.strip() for cell in head.split("|")] == ["", "target", "measured", ""]
    assert set(rule) == {"|", "-"}
    assert rows[0].startswith("| [seconds] long long")
    assert len(rows) == 2


def test_a_table_without_rows_is_not_shown(capsys):
    show_table(("target", "measured"), [])
    assert capsys.readouterr().out == ""


def test_targets_are_met_or_not_by_the_figures(capsys):
    first = Usage(900, {"kernels": 1200})
    figures = Figures(
        submissions=9,
        ours=Marginal(11, 6, 10, 9, {"kernels": 11}),
        fresh=Marginal(30, 16, 5, 4, {"kernels": 30}),
        floor={NETWORKS: (6, 6), ARRAYS: (2, 2), PICTURES: (1, 1)},
        by_workers={1: Marginal(11, 10, 10, 9, {}), 2: Marginal(11, 5, 10, 9, {})},
        whole_class=WholeClass(100, first, Usage(9, {"driver": 4}), {10: 1000, 50: 1050, 100: 1090}),
    )
    show(figures)
    said = {
        line.split(" | ")[0].strip("| "): line.rstrip(" |").endswith("| met")
        for line in capsys.readouterr().out.splitlines()
        if line.rstrip(" |").endswith(("| met", "| **not met**"))
    }
    verdicts = {
        "CPU seconds": True,
        "preloading": False,
        "above the bare computations, (a)/(c) in CPU: networks and arrays": True,
        "above the bare computations, (a)/(c) in CPU: all": True,
        "above the bare computations": False,
        "two workers": True,
        "growth": True,
        "grading again, unchanged: wall": True,
        "grading again, unchanged: CPU": True,
        "a class of 100 (400 submissions an hour)": False,
    }
    assert len(said) == len(verdicts)
    for name, met in said.items():
        beginning = next(known for known in verdicts if name.startswith(known))
        assert met == verdicts[beginning], name


def test_the_full_training_is_the_sum_of_its_steps(capsys):
    times = {IMPORT: (4.0, 4.0)}
    for notebook in ("autoencoder", "denoising_autoencoder"):
        times |= {step(notebook): (0.01, 0.01), validation(notebook): (1.0, 1.0)}
    show(Figures(submissions=9, plain=times, plain_notebook=Marginal(1, 2, 0, 0, {})))

    (total,) = [line for line in capsys.readouterr().out.splitlines() if "full training" in line]
    # Two notebooks and imports; 6,000 and 9,000 steps; 10 and 15 passes.
    assert [cell.strip() for cell in total.split("|")][2:4] == ["185.0", "187.0"]


def test_what_was_not_measured_is_left_out(capsys):
    show(Figures(submissions=9))
    assert "target" not in capsys.readouterr().out
