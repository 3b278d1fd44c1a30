"""Nothing of a student's notebook runs in the browser that shows it; honest content looks the same."""

import base64
import copy
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import contextmanager, suppress
from html import unescape
from pathlib import Path

import nbformat
import pytest
from browser import in_a_browser, listening, opened
from bs4 import BeautifulSoup, Comment
from class_course import wait_for
from course import NO_TRAINING, Course, nbgrader
from nbconvert.filters import ansi2html
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.utils import compute_checksum
from pages import FRAME, cell_with, cleaned, page
from the_lab import ASSIGNMENT, EXERCISES

from autograder.judge.verdict import Verdict
from autograder.report.panel import panel
from autograder.submissions import cleaning
from autograder.submissions.cleaning import TAGS, Cleaning
from autograder.submissions.harmless import framed, harmless_cell, harmless_markdown
from autograder.submissions.notebooks import grade_id
from autograder.submissions.styles import ATTRIBUTES

AUTOENCODER = next(iter(EXERCISES))
PAYLOADS = tomllib.loads((Path(__file__).parent / "hostile_html.toml").read_text("utf-8"))["payload"]
TRACE = "fetch('{url}/fired/{n}');document.documentElement.setAttribute('data-fired-{n}','')"
BREAKING = "execution_count"
"""Where a text makes a notebook that nbconvert refuses: a submission without grade or feedback."""
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8)).decode()


def armed(url=""):
    """The payloads with their traces filled in."""
    payloads = copy.deepcopy(PAYLOADS)
    for n, payload in enumerate(payloads):
        _replace(payload, TRACE.format(url=url, n=n))
    return payloads


def _replace(table, trace):
    for key, value in table.items():
        if isinstance(value, dict):
            _replace(value, trace)
        elif isinstance(value, str):
            table[key] = value.replace("JS", trace)


SAY_THE_NUMBER = """
kernel = get_ipython().kernel
message = {{"code": "", "execution_count": {text!r}}}
kernel.send_response(kernel.iopub_socket, "execute_input", message)
"""


def running(payload):
    """A cell that has this output when it is run."""
    kind, text = payload["in"], payload["text"]
    if kind in ("markdown", "raw"):
        return cell_with(payload)
    if kind == "execution_count":
        message = {"code": "", "execution_count": text}
        send = (
            "kernel = get_ipython().kernel\nkernel.send_response(kernel.iopub_socket, 'execute_input', "
        )
        return new_code_cell(f"{send}{message!r})")
    if kind == "stream":
        return new_code_cell(f"print({text!r})")
    if kind == "error":
        return new_code_cell(f"raise type({text!r}, (Exception,), {{}})({text!r})")
    metadata = payload.get("metadata", {})
    return new_code_cell(f"display({ {kind: text}!r}, metadata={metadata!r}, raw=True)")


def fired(html):
    """Numbers of the payloads that left their trace in a document."""
    return {int(n) for n in re.findall(r"data-fired-(\d+)=\"", html.partition("<head")[0])}


def dangers(html):
    """What could still run in the part of a page that shows the notebook."""
    found = []
    for shown in BeautifulSoup(html, "html.parser").select(".rendered_html, .output, .prompt"):
        # Browsers end comments sooner than this parser does.
        found += shown.find_all(string=lambda text: isinstance(text, Comment))
        for tag in shown.find_all(True):
            if tag.name not in TAGS:
                found.append(str(tag)[:100])
            for name, value in tag.attrs.items():
                # The formgrader itself sets tabindex.
                known = (*ATTRIBUTES, "style", "class", "href", "src", "tabindex")
                if name not in known or "script:" in str(value):
                    found.append(str(tag)[:100])
    return found


def names(numbers):
    return [PAYLOADS[n]["name"] for n in sorted(numbers)]


@pytest.mark.parametrize("payload", armed(), ids=lambda payload: f"{payload['in']}: {payload['name']}")
def test_nothing_dangerous_is_left_in_the_page(payload):
    assert dangers(page([cleaned(cell_with(payload))])) == []


def test_the_search_for_dangers_finds_them():
    found = {p["name"] for p in armed() if p["in"] != BREAKING and dangers(page([cell_with(p)]))}
    assert [p["name"] for p in PAYLOADS if "inert" not in p and p["name"] not in found] == []


def test_a_panel_shows_what_a_student_named_as_text():
    hostile = "".join(payload["text"] for payload in armed())
    shown = panel("encoder", Verdict(0.0, "a model", hostile, (hostile,), hostile, (hostile,)), 8)
    cell = new_code_cell("check", outputs=[new_output("display_data", data={"text/html": shown.html})])

    assert dangers(page([cell])) == []
    assert 'class="tex2jax_ignore"' in shown.html, "nor is it a formula, in which there could be links"


HONEST = {
    "a blockquote": ("> What is lost?\n\nThe **fine** strokes.", "blockquote p", "What is lost?"),
    "code": ("Use\n\n```python\ndef f(x):\n\n    return x < 1\n```", ".highlight .k", "def"),
    "a formula": (r"With $\hat{x} < x$ and $$a & b$$", "p", r"With $\hat{x} < x$ and $$a & b$$"),
    "a list": ("1. one\n2. two\n   - three", "ol ul li", "three"),
    "a table": ("| a | b |\n|:--|--:|\n| 1 | 2 |", "td", "1"),
    "a link": ("See [Conv2D](https://keras.io/api/).", "a[href='https://keras.io/api/']", "Conv2D"),
}


@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST)
def test_honest_markdown_looks_as_before_in_a_frame(source):
    source, selector, text = source
    cell = cleaned(new_markdown_cell(source))
    shown = BeautifulSoup(page([cell]), "html.parser").select_one(f".rendered_html {FRAME} {selector}")
    assert shown.text == text
    assert cleaned(new_markdown_cell(" \n")).source == ""


TO_BE_RENDERED = {
    "a heading": "# Results\n\nGood ones.",
    "a table": "| a | b |\n|:--|--:|\n| 1 | <b onclick=x>2</b> |",
    "an empty line in code": "```\na\n\n\nb\n```\n\n<b onclick=x>c</b>",
    "a formula": "# Loss\n\n$$a < b$$\n\n\\begin{align}\na &= b\n\\end{align}",
    "an image": f"![figure](attachment:f.png)\n\n```\n$$ not a formula $$\n```\n\n{'*a*' * 9}",
}


@pytest.mark.parametrize("source", TO_BE_RENDERED.values(), ids=TO_BE_RENDERED)
def test_what_was_cleaned_is_rendered_as_it_is(source):
    attachments = {"f.png": {"image/png": PNG}}
    clean = Cleaning()
    result = harmless_markdown(source, attachments, clean)

    assert "\n" not in result, "a blank line would end the block of HTML"
    assert clean.rendered(result, {}).strip() == result
    shown = framed(clean(clean.rendered(source, attachments)))
    assert (
        BeautifulSoup(result, "html.parser").text.split()
        == BeautifulSoup(shown, "html.parser").text.split()
    )


def test_an_attached_picture_stays():
    assert PNG in harmless_markdown(
        "![figure](attachment:f.png)", {"f.png": {"image/png": PNG}}, Cleaning()
    )


def test_markdown_that_cannot_be_rendered_is_shown_as_text():
    missing = harmless_markdown("![<b>](attachment:missing.png)", {}, Cleaning())
    assert missing == f"<div>{framed('<pre>![&lt;b&gt;](attachment:missing.png)</pre>')}</div>"
    assert "&gt; &gt;" in harmless_markdown("> " * 20_000, {}, Cleaning())


def test_the_text_that_was_given_is_left_alone():
    given = {"grade_id": "task", "locked": True, "solution": False, "grade": False, "task": False}
    cell = new_markdown_cell("# Task\n\n<video src='intro.mp4'></video>", metadata={"nbgrader": given})
    cell.metadata.nbgrader["checksum"] = compute_checksum(cell)

    assert cleaned(cell).source == cell.source

    cell.source += "<script>1</script>"
    assert "<script" not in cleaned(cell).source


def data_of(data):
    """The data that is left of an output; the frame around HTML is taken off here."""
    cell = cleaned(new_code_cell("x", outputs=[new_output("display_data", data=data)]))
    left = dict(cell.outputs[0].data) if cell.outputs else {}
    if "text/html" in left:
        before, after = framed("|").split("|")
        assert left["text/html"].startswith(before)
        assert left["text/html"].endswith(after)
        left["text/html"] = left["text/html"].removeprefix(before).removesuffix(after)
    return left


def test_a_table_of_pandas_keeps_its_looks():
    table = (
        "<div>\n<style scoped>\n    .dataframe th {\n        vertical-align: top;\n    }\n</style>\n"
        '<table border="1" class="dataframe">\n  <thead>\n    <tr style="text-align: right;">\n'
        "      <th></th>\n      <th>loss</th>\n    </tr>\n  </thead>\n</table>\n</div>"
    )
    html = data_of({"text/plain": "   loss", "text/html": table})["text/html"]

    assert '<table border="1" class="dataframe">' in html
    assert '<tr style="text-align:right">' in html
    assert "vertical-align" not in html, "the text of a style sheet is not shown"


def test_a_summary_of_keras_keeps_its_looks():
    summary = (
        '<pre style="white-space:pre;overflow-x:auto;line-height:normal;'
        "font-family:Menlo,'DejaVu Sans Mono',monospace\">"
        '┃<span style="font-weight: bold"> Layer </span>'
        '<span style="color: #00af00; text-decoration-color: #00af00">160</span></pre>'
    )
    html = data_of({"text/plain": "", "text/html": summary})["text/html"]

    assert re.sub(r"[\s;'\"]", "", unescape(html)) == re.sub(r"[\s;'\"]", "", summary)


def test_images_stay_if_they_are_images():
    image = f'<img alt="" src="data:image/png;base64,{PNG}">'
    assert data_of({"image/png": PNG[:20] + "\n" + PNG[20:]}) == {"text/html": image}
    assert data_of({"image/png": base64.b64encode(b"<html>").decode()}) == {}
    assert data_of({"image/jpeg": PNG}) == {}
    film = base64.b64encode(b"GIF89a" + bytes(8)).decode()
    assert film in data_of({"image/gif": film})["text/html"]


def test_a_drawing_becomes_an_image_in_which_nothing_runs():
    drawing = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    (name, html), *others = data_of({"image/svg+xml": drawing}).items()
    assert (name, others) == ("text/html", [])
    assert html.startswith('<img alt="" src="data:image/svg+xml;base64,')


def test_a_drawing_that_holds_too_much_says_so():
    half = "<svg xmlns='http://www.w3.org/2000/svg'>" + "<rect/>" * 25_000 + "</svg>"
    outputs = [new_output("display_data", data={"image/svg+xml": half}) for _ in range(2)]
    first, second = cleaned(new_code_cell("x", outputs=outputs)).outputs
    assert "<img" in first.data["text/html"]
    assert "cannot be shown: too much to be drawn" in second.data["text/html"]
    assert "src=" not in Cleaning()('<img src="data:image/svg+xml;base64,PHN2Zy8+">'), "is not counted"


def test_text_stays_where_nothing_else_can_be_shown():
    assert data_of({"text/plain": "Widget()", "application/vnd.jupyter.widget-view+json": {}}) == {
        "text/plain": "Widget()"
    }
    assert data_of({"text/plain": "<HTML>", "text/html": "<script>1</script>"}) == {
        "text/plain": "<HTML>"
    }
    assert data_of({"text/latex": "$a<b$"}) == {"text/html": "$a&lt;b$"}


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "name": ["x"], "text": {"a": 1}},
        {"output_type": "stream"},
        {"output_type": "error", "ename": 1, "evalue": None, "traceback": "text"},
        {"output_type": "error", "traceback": [1, {}, "\x1b[38m"]},
        {"output_type": "display_data", "data": None, "metadata": 7},
        {
            "output_type": "display_data",
            "data": {"text/html": 1, "image/png": [], "text/plain": "\ud800"},
        },
        {"output_type": "execute_result", "data": {"text/plain": "1"}, "execution_count": "<b>"},
        {"output_type": ["x"]},
        {"output_type": "update_display_data", "data": {"text/html": "x"}},
    ],
    ids=str,
)
def test_messages_that_are_no_outputs_become_outputs_or_nothing(output):
    cell = new_code_cell("x")
    cell.outputs = [nbformat.from_dict(output)]
    cell.execution_count = True
    notebook = new_notebook(cells=[cleaned(cell)])

    nbformat.validate(notebook)
    nbformat.writes(notebook).encode()
    page(notebook.cells)


def test_incomplete_colours_do_not_cost_the_page():
    with pytest.raises(IndexError):
        ansi2html("\x1b[38m")
    cell = cleaned(new_code_cell("x", outputs=[new_output("stream", text="loss \x1b[38m0.1\x1b[0m")]))
    assert cell.outputs[0].text == "loss 0.1"


@pytest.mark.parametrize("html", ["<li><ul>" * 11_000, "<div>" * 20_000, "&" * 10**7, "<style" * 16_000])
def test_html_that_takes_long_to_clean_is_not_shown(html):
    cell = new_code_cell("x", outputs=[new_output("display_data", data={"text/html": html})] * 50)
    start = time.process_time()
    assert not cleaned(cell).outputs
    assert time.process_time() - start < 5


def test_the_whole_of_a_notebook_is_cleaned_in_bounded_time():
    clean = Cleaning()
    start = time.process_time()
    for number in range(300):
        harmless_cell(new_markdown_cell(f"{number}" + "<li><ul>" * (cleaning.MAX_TAGS // 2)), clean)
    assert time.process_time() - start < 60


SLOW_MARKDOWN = {
    "spaces": "x" + " " * 19_998 + "x",
    "a heading of spaces": "# a" + " " * 19_990 + "b",
    "formulas that do not end": r"\\[" * 6_600,
    "items": "- a\n" * 5_000,
    "brackets": "[" * 20_000,
}


@pytest.mark.parametrize("source", SLOW_MARKDOWN.values(), ids=SLOW_MARKDOWN)
def test_no_cell_of_markdown_takes_long(source):
    start = time.process_time()
    cleaned(new_markdown_cell(source))
    assert time.process_time() - start < 1.5


def test_a_notebook_of_slow_cells_is_shown_as_written_after_its_time(monkeypatch):
    monkeypatch.setattr(cleaning, "MAX_SECONDS", 0.5)
    clean, start = Cleaning(), time.process_time()
    cells = [new_markdown_cell(f"{number}\n" + "a\n" * 9_000) for number in range(39)]
    shown = [harmless_cell(cell, clean).source for cell in cells]
    assert time.process_time() - start < 8
    assert "<p>0&#10;a" in shown[0]
    assert "<pre>38&#10;a" in shown[-1]


def test_all_text_of_a_notebook_is_bounded():
    clean = Cleaning()
    cells = [new_markdown_cell("<" * 90_000) for _ in range(60)]
    cells += [new_code_cell("<" * 90_000), new_code_cell("1")]
    shown = [unescape(harmless_cell(cell, clean).source) for cell in cells]
    assert sum(source.count("<" * 9) * 9 for source in shown) < 1.1 * cleaning.MAX_ALL_TEXT
    assert "more characters are not shown" in shown[-2]


def printed(text):
    return cleaned(new_code_cell("x", outputs=[new_output("stream", text=text)])).outputs[0].text


def test_printed_text_has_colours_but_none_behind_it():
    assert printed("\x1b[1m5/5\x1b[0m \x1b[32m━━\x1b[0m") == "\x1b[1m5/5\x1b[0m \x1b[32m━━\x1b[0m"
    for colours in ("42", "1;37;42", "7", "48;5;22", "48;2;1;2;3", "102", "４２", " 42", "+42"):
        assert "-bg" not in ansi2html(printed(f"\x1b[{colours}m 8 of 8 "))
        assert "background" not in ansi2html(printed(f"\x1b[{colours}m 8 of 8 "))
    assert "\x1b" not in printed("\x1b[m" * (cleaning.MAX_COLOURS + 1) + "a")


def test_accents_do_not_make_towers():
    assert printed("Ré́sumé שָׁלוֹם") == "Ré́sumé שָׁלוֹם"
    assert printed("Z" + "\u030d" * 500) == "Z" + "\u030d" * 4
    assert cleaned(new_code_cell("# Z" + "\u030d" * 500)).source == "# Z" + "\u030d" * 4


@pytest.mark.parametrize(
    "style",
    [
        *("font-size:900px", "font-size:3em", "font-size:200%", "line-height:0", "padding:-5px"),
        *(
            "padding:900px",
            "border:99px solid red",
            "border-width:50px",
            "width:500%",
            "width:calc(1px)",
        ),
        *("color:var(--x)", "background-color:url(x)", "color:red !important", "position:fixed"),
        *("font-s\\69ze:900px", "font-size:/**/900px", "width:1e9px", "padding:٩px", "margin:-9px"),
    ],
)
def test_styles_that_could_cover_something_are_left_out(style):
    assert Cleaning()(f'<p style="{style}">x</p>') == "<p>x</p>"


def test_sizes_in_attributes_are_bounded():
    html = (
        '<table><tbody><tr><td height="99999" colspan="9999" rowspan="65000">x</td></tr></tbody></table>'
    )
    assert Cleaning()(html) == "<table><tbody><tr><td>x</td></tr></tbody></table>"
    assert Cleaning()('<img width="640" height="50%">') == '<img width="640" height="50%">'
    assert Cleaning()('<p class="row">x</p><p class="navbar-fixed-top">y</p>') == "<p>x</p><p>y</p>"


@pytest.mark.parametrize("macro", ["def", "gdef", "let", "newcommand", "renewcommand", "require"])
def test_formulas_do_not_change_those_of_the_given_text(macro):
    assert f"\\{macro}" not in cleaned(new_markdown_cell(f"$\\{macro}\\sigma{{50}}$")).source


@pytest.mark.parametrize(
    "formula",
    [
        r"$\href{http:page.html}{x}$",
        r"$\\href{http:page.html}{x}$",
        r"$\mmlToken{mi}[href='http:page.html']{x}$",
        "$&#92;href{http:page.html}{x}$",
        "$\\hr&#x65;f{http:page.html}{x}$",
        "$&bsol;hr<wbr>ef{http:page.html}{x}$",
        "$\\hr<script></script>ef{http:page.html}{x}$",
    ],
)
@pytest.mark.parametrize("kind", ["text/html", "text/markdown", "text/latex"])
def test_formulas_hold_no_links(formula, kind):
    """MathJax would make `http:page.html` a page of the student's own at the formgrader's address."""
    shown = BeautifulSoup(data_of({kind: formula})["text/html"], "html.parser").text
    assert r"\href" not in shown
    assert r"\mmlToken" not in shown


def test_entities_that_are_markup_stay_entities():
    html = data_of({"text/html": "&lt;b&gt; &nvlt; &amp;lt; &#60;i&#62; &eacute; &quot;"})["text/html"]
    assert html == '&lt;b&gt; &lt;\u20d2 &amp;lt; &lt;i&gt; é "'


@pytest.fixture
def listener():
    with listening() as listener:
        yield listener


@in_a_browser
@pytest.mark.slow
def test_without_cleaning_the_payloads_fire(listener):
    """The control: without cleaning, the tests below find the payloads."""
    payloads = armed(listener.url)
    cells = [cell_with(payload) for payload in payloads if payload["in"] != BREAKING]
    seen, script_links = set(), 0
    for template in ("feedback", "lab"):
        html = opened(listener.show(page(cells, template)))
        seen |= fired(html)
        script_links += html.count('"javascript:')
    expected = {n for n, p in enumerate(payloads) if "inert" not in p and "click" not in p}

    seen |= listener.called
    print(f"without cleaning {len(seen)} of {len(payloads)} payloads fire by themselves")
    assert names(expected - seen) == []
    assert names(seen - expected) == []
    assert script_links >= 3


@in_a_browser
@pytest.mark.slow
def test_cleaned_payloads_do_not_fire(listener):
    cells = [cleaned(cell_with(payload)) for payload in armed(listener.url)]
    for template in ("feedback", "lab", "classic"):
        html = opened(listener.show(page(cells, template)))
        assert names(fired(html)) == [], template
    assert names(listener.called) == []


def hostile(url):
    """Puts all payloads into a notebook: cells of the student's own, and an answer."""

    def edit(notebook):
        payloads = armed(url)
        discussion = next(cell for cell in notebook.cells if grade_id(cell) == "discussion")
        discussion.source = "\n\n".join(
            p["text"] for p in payloads if p["in"] == "markdown" and "attachments" not in p
        )
        notebook.cells[-1:-1] = [running(payload) for payload in payloads]
        notebook.metadata["title"] = payloads[0]["text"]
        notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
        for cell in notebook.cells:
            cell.metadata["tags"] = ['x" onmouseover="alert(1)']

    return edit


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory):
    """A graded submission with all payloads, in a formgrader; its page's URL, folder and listener."""
    course = Course(tmp_path_factory.mktemp("course"))
    with listening() as listener:
        course.submit("mallory", edit=hostile(listener.url), **NO_TRAINING)
        nbgrader(course.folder, "autograde", ASSIGNMENT)
        nbgrader(course.folder, "generate_feedback", ASSIGNMENT)
        with Gradebook(f"sqlite:///{course.folder}/gradebook.db") as gradebook:
            number = gradebook.find_submission_notebook(AUTOENCODER, ASSIGNMENT, "mallory").id
        with serving(course.folder) as url:
            yield course, listener, f"{url}/formgrader/submissions/{number}/"


def answers(url):
    with suppress(OSError), urllib.request.urlopen(f"{url}/api", timeout=5):
        return True


@contextmanager
def serving(folder):
    """A Jupyter server with the formgrader, on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "root_dir": folder,
        "open_browser": False,
        "allow_root": True,
        "jpserver_extensions": "{'nbgrader.server_extensions.formgrader': True}",
    }
    command = [sys.executable, "-m", "jupyter_server", "--IdentityProvider.token="]
    command += [f"--ServerApp.{name}={value}" for name, value in options.items()]
    apart = {f"JUPYTER_{kind}_DIR": str(folder / "jupyter") for kind in ("CONFIG", "RUNTIME", "DATA")}
    url = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=os.environ | apart, stdout=log, stderr=log)
    try:
        wait_for(lambda: answers(url), during=server)
        yield url
    finally:
        server.terminate()
        server.wait(60)


@in_a_browser
@pytest.mark.slow
def test_no_payload_fires_in_the_feedback(formgrader):
    course, listener, _ = formgrader
    path = course.folder / "feedback" / "mallory" / ASSIGNMENT / f"{AUTOENCODER}.html"
    html = opened(listener.show(path.read_text("utf-8")))

    assert names(fired(html) | listener.called) == []
    assert dangers(html) == []
    assert html.count("cell border-box-sizing") > len(PAYLOADS), "the cells are there"
    assert "&lt;img src=x onerror=" in html, "what was printed is shown as text"


@in_a_browser
@pytest.mark.slow
def test_no_payload_fires_in_the_formgrader(formgrader):
    _, listener, url = formgrader
    html = opened(url)

    assert names(fired(html) | listener.called) == []
    assert dangers(html) == []
    assert "Student's answer" in html
    assert html.count("cell border-box-sizing") > len(PAYLOADS), "the cells are there"


def test_what_was_cleaned_before_is_known_and_counts_all_the_same():
    html, clean = "<p onclick='x()'>the same in every notebook</p>", Cleaning()
    first, left = clean(html), clean.effort_left
    hits = cleaning._cached.cache_info().hits
    assert clean(html) == first == "<p>the same in every notebook</p>"
    assert cleaning._cached.cache_info().hits == hits + 1
    assert cleaning.MAX_EFFORT - left == left - clean.effort_left > 0

    long = "<p>" + "x" * cleaning.MAX_CACHED + "</p>"
    assert clean(long) == clean(long) == long
    assert cleaning._cached.cache_info().hits == hits + 1
