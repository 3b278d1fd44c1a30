"""HTML loses what is not allowed, and one notebook is cleaned for a bounded time only."""

import time

import pytest

from autograder.submissions import cleaning
from autograder.submissions.cleaning import Cleaning, encodable

PICTURE = "data:image/png;base64,QUJD"


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<p onclick='x()'>a</p>", "<p>a</p>"),
        ("<script>x()</script><style>p {}</style>a", "a"),
        ("<form><b>a</b></form>", "<b>a</b>"),
        ("<p id='x' title='y'>a</p>", '<p title="y">a</p>'),
        ("<p style='color:red;position:fixed'>a</p>", '<p style="color:red">a</p>'),
        ("<p class='dataframe'>a</p><p class='btn'>b</p>", '<p class="dataframe">a</p><p>b</p>'),
        ("<a href='javascript:x()'>a</a>", "<a>a</a>"),
        ("<a href='http:page.html'>a</a>", "<a>a</a>"),
        ("<a href='https://keras.io'>a</a>", '<a href="https://keras.io">a</a>'),
        ("<img src='https://a.b/c.png'>", "<img>"),
        (f"<img src='{PICTURE}'>", f'<img src="{PICTURE}">'),
        (r"$\href{http:page.html}{a}$", r"$\backslash href{http:page.html}{a}$"),
    ],
)
def test_what_is_not_allowed_goes(html, left):
    assert Cleaning()(html) == left


@pytest.mark.parametrize(
    "html",
    [
        "a" * (cleaning.MAX_TEXT + 1),
        "<b>" * (cleaning.MAX_TAGS + 1),
        f"<img src='{PICTURE}{'A' * cleaning.MAX_IMAGE}'>",
    ],
    ids=["text", "tags", "image"],
)
def test_one_piece_of_html_is_bounded(html):
    with pytest.raises(ValueError, match="too much"):
        Cleaning()(html)


def test_all_html_of_a_notebook_is_bounded():
    clean, html = Cleaning(), "<b>a</b>" * (cleaning.MAX_TAGS // 2)
    for _ in range(cleaning.MAX_EFFORT // (len(html) + cleaning.TAG_EFFORT * cleaning.MAX_TAGS)):
        assert clean(html) == html
    with pytest.raises(ValueError, match="too much"):
        clean(html)


def test_a_notebook_that_took_too_long_is_not_cleaned_any_more(monkeypatch):
    monkeypatch.setattr(cleaning, "MAX_SECONDS", 0)
    clean = Cleaning()
    clean(f"<p>{time.time()}</p>" * 500)
    with pytest.raises(ValueError, match="too much for one notebook"):
        clean("<p>a</p>")


def test_markdown_is_rendered_with_its_formulas():
    shown = Cleaning().rendered("# A *b*\n\n$x_1 < x_2$", {})
    assert "<em>b</em>" in shown
    assert "$x_1 &lt; x_2$" in shown


@pytest.mark.parametrize(
    "markdown", ["a" * (cleaning.MAX_MARKDOWN + 1), r"\\[" * (cleaning.MAX_OPENINGS + 1)]
)
def test_markdown_that_takes_long_is_not_rendered(markdown):
    with pytest.raises(ValueError, match="too m"):
        Cleaning().rendered(markdown, {})


def test_all_drawings_of_a_notebook_are_bounded():
    clean, drawing = Cleaning(), f"<svg xmlns='http://www.w3.org/2000/svg'>{'<rect/>' * 20_000}</svg>"
    assert clean.drawn(drawing).startswith(b"<svg")
    with pytest.raises(ValueError, match="too much to be drawn"):
        clean.drawn(drawing)


def test_text_that_no_file_can_hold_is_replaced():
    assert encodable("a\ud800é") == "a?é"
