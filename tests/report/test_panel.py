"""The panel shows the whole verdict, and none of its text is taken for markup."""

from autograder.judge.verdict import Verdict
from autograder.report.panel import panel


def test_the_panel_holds_points_reasons_and_advice():
    verdict = Verdict(
        0.75, "10 epochs", "5 epochs", ("5 epochs, not 10 (−1/4).",), "Set epochs=10.", ("Noted.",)
    )

    shown = panel("training", verdict, 8)

    assert shown.text.startswith("Training: 6 of 8 points (partial credit)")
    for words in ("5 epochs, not 10", "Expected: 10 epochs", "Set epochs=10.", "Noted."):
        assert words in shown.text
    assert "6 of 8 points" in shown.html
    assert "background:#9a6700" in shown.html, "the bar by which the grader's panels are known"
    assert "Autograder ◐ Training" in shown.html


def test_what_a_student_named_is_shown_as_text():
    script = "<script>alert(1)</script>"
    verdict = Verdict(0.0, "a model", script, (script,), script, (script,))

    assert "<script" not in panel("encoder", verdict, 8).html
    assert "&lt;script&gt;" in panel("encoder", verdict, 8).html


def test_points_are_rounded_and_never_leave_their_range():
    assert Verdict(5 / 6, "", "").points(8) == 6.67
    assert Verdict(1.5, "", "").points(8) == 8
    assert Verdict(-1.0, "", "").points(8) == 0
    assert [Verdict(c, "", "").word for c in (0, 0.01, 1)] == ["zero", "partial", "full"]
