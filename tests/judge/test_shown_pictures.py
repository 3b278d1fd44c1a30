"""A picture counts if a page shows it; pictures that scripts draw or hide are out of sight."""

import pytest
from nbformat.v4 import new_output

from autograder.judge.shown_pictures import MOST_PICTURES, out_of_sight, pictures

IMAGE = "data:image/png;base64,AAAA"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"image/png": "AAAA", "text/plain": "<Figure>"}, ("AAAA",)),
        ({"image/png": "AAAA", "image/jpeg": "BBBB"}, ("AAAA",)),
        ({"image/jpeg": "BBBB"}, ("BBBB",)),
        ({"image/png": "AAAA", "text/html": "<p></p>"}, ()),
        ({"image/png": "AAAA", "image/svg+xml": "<svg/>"}, ()),
        ({"image/gif": "R0lG"}, ("R0lG",)),
        ({"image/svg+xml": f'<svg><image x="1" xlink:href="{IMAGE}" id="a"/></svg>'}, ("AAAA",)),
        ({"image/svg+xml": f'<svg><g opacity="0"><image href="{IMAGE}"/></g></svg>'}, ()),
        (
            {"text/html": f'<table><td style="text-align: center"><img src="{IMAGE}" width="84">'},
            ("AAAA",),
        ),
        ({"text/html": f'<img src="{IMAGE}" style="width:84px; image-rendering:pixelated">'}, ("AAAA",)),
        ({"text/html": f'<img src="{IMAGE}" style="margin-left:-9999px">'}, ()),
        ({"text/html": f'<img src="{IMAGE}" style="width:1px">'}, ()),
        (
            {"text/html": f'<b>7</b><img src="{IMAGE}"><img src="{IMAGE}" />'},
            ("AAAA",) * 2,
        ),
        ({"text/html": f'<img src="{IMAGE}" width="1">'}, ()),
        ({"text/html": f'<p style="display: none"><img src="{IMAGE}"></p>'}, ()),
        ({"image/png": ["AAAA"]}, ()),
        ({"text/plain": "1"}, ()),
    ],
)
def test_a_picture_counts_if_the_page_shows_it(data, shown):
    assert pictures([new_output("stream", text=""), {"data": data}]) == shown


@pytest.mark.parametrize(
    ("data", "hides"),
    [
        ({"image/png": "AAAA", "text/plain": "<Figure>"}, False),
        ({"text/html": "<table><tr><td>1</td></tr></table>"}, False),
        ({"text/html": f'<img src="{IMAGE}">'}, False),
        ({"text/html": f'<script>frames = ["{IMAGE}"]</script>'}, True),
        ({"text/html": '<video src="data:video/mp4;base64,AAAA"></video>'}, True),
        ({"image/svg+xml": f'<svg><g opacity="0"><image href="{IMAGE}"/></g></svg>'}, True),
        ({"image/svg+xml": "<svg><path/></svg>"}, False),
        ({"application/vnd.bokehjs_exec.v0+json": "", "text/plain": "1"}, True),
        ({"text/html": ["<video"]}, False),
    ],
)
def test_what_scripts_draw_or_hide_is_out_of_sight(data, hides):
    assert out_of_sight([new_output("stream", text=""), {"data": data}]) == hides


def test_pictures_beyond_the_limits_are_left_out():
    assert len(pictures([{"data": {"image/png": "AAAA"}}] * 10_000)) == MOST_PICTURES
    assert pictures([{"data": {"image/png": "A" * 10**7}}] * 5) == ("A" * 10**7,) * 2
