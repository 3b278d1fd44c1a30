"""What a student's notebook shows does not leave its frame, and covers nothing that the grader says."""

import copy
import json
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import pytest
from browser import in_a_browser, listening, opened
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_output
from pages import FRAME, cell_with, cleaned, page
from PIL import Image

from autograder.judge.verdict import Verdict
from autograder.report.panel import panel

FORGERIES = tomllib.loads((Path(__file__).parent / "forged_pages.toml").read_text("utf-8"))["forgery"]
ACCENTS = "Z" + "\u030d\u0336\u0359" * 120
OURS = ".panel-heading, .tex2jax_ignore"
WINDOW = 1200, 9000

MEASURE = """
<script>
function box(element) {
  const {left, top, width, height} = element.getBoundingClientRect();
  return [left, top, width, height];
}
window.addEventListener("load", () => {
  const found = {covered: [], ours: 0};
  found.frames = [...document.querySelectorAll(FRAME)].map(box);
  for (const element of document.querySelectorAll(OURS)) {
    found.ours += 1;
    element.scrollIntoView({block: "center"});
    const [left, top, width, height] = box(element);
    for (let x = 0.02; x < 1; x += 0.06)
      for (let y = 0.1; y < 1; y += 0.2) {
        const seen = document.elementFromPoint(left + width * x, top + height * y);
        if (!element.contains(seen)) found.covered.push(element.innerText.slice(0, 40));
      }
  }
  const text = document.createElement("pre");
  text.id = "measured";
  text.textContent = JSON.stringify(found);
  document.body.append(text);
});
</script>
""".replace("FRAME", json.dumps(FRAME)).replace("OURS", json.dumps(OURS))

HIDDEN = f"<style>{FRAME} * {{ visibility: hidden !important }}</style>"


def forged():
    """The forgeries, with what cannot be written in a file of data."""
    forgeries = copy.deepcopy(FORGERIES)
    for forgery in forgeries:
        forgery["text"] = forgery["text"].replace("DEEP", "<div>" * 700).replace("ACCENTS", ACCENTS * 9)
    return forgeries


def cells(prepared):
    """Each forgery between two test cells with their panels."""
    result = [graded(0)]
    for number, forgery in enumerate(forged(), 1):
        code = new_code_cell(forgery["text"])
        cell = code if forgery["in"] == "code" else cell_with(forgery)
        result += [prepared(cell), graded(number)]
    return result


def graded(number):
    shown = panel(f"encoder-{number}", Verdict(0.0, "a model", "none", ("None was made.",)), 8)
    output = new_output("execute_result", data={"text/plain": "0", "text/html": shown.html})
    about = {"grade": True, "solution": False, "grade_id": f"encoder-{number}", "points": 8, "score": 0}
    return new_code_cell("check('encoder')", outputs=[output], metadata={"nbgrader": about})


def measured(listener, html):
    """What the page looks like to a script in it."""
    html = html.replace("</head>", f"{MEASURE}</head>")
    shown = opened(listener.show(html), f"--window-size={WINDOW[0]},{WINDOW[1]}")
    return json.loads(BeautifulSoup(shown, "html.parser").select_one("#measured").text)


def picture(listener, html):
    """The page as an array of pixels."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.png")
        opened(listener.show(html), f"--window-size={WINDOW[0]},{WINDOW[1]}", f"--screenshot={path}")
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB")).astype(int)


def outside(frames, shape):
    """A mask of the pixels that lie in no frame."""
    result = np.ones(shape, bool)
    for left, top, width, height in frames:
        result[int(top) : int(np.ceil(top + height)), int(left) : int(np.ceil(left + width))] = False
    return result


@pytest.mark.parametrize("forgery", forged(), ids=lambda forgery: forgery["name"])
def test_what_is_forged_stays_in_its_frame(forgery):
    soup = BeautifulSoup(page([cleaned(cell_with(forgery)), graded(1)]), "html.parser")
    for element in soup.select("[title=forged]"):
        assert element.find_parent("div", style=lambda style: style and "contain:content" in style)
    assert not soup.select_one(".tex2jax_ignore").find_parent(class_="code_cell").select(FRAME)


@in_a_browser
@pytest.mark.slow
def test_nothing_covers_what_the_grader_says():
    with listening() as listener:
        html = page(cells(cleaned))
        seen = measured(listener, html)
        assert seen["ours"] == 2 * (len(FORGERIES) + 1) + 1
        assert seen["covered"] == []
        with_content, without = (
            picture(listener, html),
            picture(listener, html.replace("</head>", f"{HIDDEN}</head>")),
        )
    changed = (with_content != without).any(axis=2)
    assert changed.any()
    assert not (changed & outside(seen["frames"], changed.shape)).any(), "nothing is drawn outside"


@in_a_browser
@pytest.mark.slow
def test_without_cleaning_it_is_covered():
    """The control: that the page's head and panels are covered is seen where nothing was cleaned."""
    with listening() as listener:
        assert measured(listener, page(cells(lambda cell: cell)))["covered"]
