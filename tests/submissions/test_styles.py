"""Styles and attributes keep their looks, in sizes that cover nothing; none takes long to read."""

import time

import pytest

from autograder.submissions.styles import ATTRIBUTES, STYLES, harmless_style


@pytest.mark.parametrize(
    "style",
    [
        "color:#1f77b4",
        "color:rgb(31, 119, 180)",
        "border:1px solid rgba(0, 0, 0, 0.5)",
        "border-width:thin 2px",
        "font-family:Menlo, 'DejaVu Sans Mono', monospace",
        "font-size:0.8em",
        "padding:0 4px .5em",
        "width:max-content",
        "text-decoration:underline red",
    ],
)
def test_honest_styles_stay(style):
    assert harmless_style(style) == style


@pytest.mark.parametrize(
    "style",
    [
        "color:url(http://a.b)",
        "border:17px solid red",
        "border:1px 1px 1px 1px",
        "font-family:url(x)",
        "font-size:2em",
        "padding:0 4px 4px 4px 4px",
        "padding:-4px",
        "width:2001px",
        "line-height:0",
        "position:fixed",
    ],
)
def test_styles_that_load_cover_or_move_something_go(style):
    assert harmless_style(style) is None


def test_only_the_allowed_declarations_of_a_style_stay():
    assert harmless_style(" COLOR : Red; position:fixed;; width:50% ") == "color:Red;width:50%"


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("width", ["640", "640px", "100%", "99.5%"], ["2001", "101%", "-1", "1em", ""]),
        ("colspan", ["1", "100"], ["101", "1.5", "9999999", "x"]),
        ("align", ["left"], ["left;x", ""]),
        ("alt", ["a picture", ""], []),
    ],
)
def test_attributes_have_sizes_up_to_a_limit(name, allowed, refused):
    assert all(map(ATTRIBUTES[name], allowed))
    assert not any(map(ATTRIBUTES[name], refused))


@pytest.mark.parametrize("part", ["a", " ", "1", "rgb(", "'a", ", ", "#0", "a-"])
@pytest.mark.parametrize("count", [24, 30_000])
def test_no_value_takes_long_to_refuse(part, count):
    start = time.process_time()
    assert not [name for name, allowed in STYLES.items() if allowed(f"a{part * count}!")]
    assert time.process_time() - start < 0.5
