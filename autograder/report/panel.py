"""Shows a verdict as a panel, which takes the place of a test cell's output."""

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader

from autograder.judge.verdict import Verdict

_TEMPLATES = Environment(
    loader=PackageLoader("autograder.report"),
    autoescape=lambda name: name is not None and name.endswith(".html.j2"),
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Panel:
    """One verdict as text and as HTML."""

    text: str
    html: str


def panel(criterion: str, verdict: Verdict, maximum: float) -> Panel:
    """Returns the panel of one criterion, which is worth `maximum` points."""
    values = {
        "title": criterion.replace("-", " ").capitalize(),
        "points": f"{verdict.points(maximum):g}",
        "maximum": f"{maximum:g}",
        "verdict": verdict,
    }
    text = _TEMPLATES.get_template("panel.txt.j2").render(values)
    html = _TEMPLATES.get_template("panel.html.j2").render(values)
    return Panel(text.strip(), html.strip())
