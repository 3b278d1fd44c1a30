"""An SVG keeps what is drawn and nothing else; one that takes minutes to draw is refused."""

import base64
import io
import struct
import time

import pytest
from browser import in_a_browser, listening, opened
from defusedxml.ElementTree import fromstring
from matplotlib.figure import Figure

from autograder.submissions.svg import MAX_EFFORT, harmless_svg

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"{}>{}</svg>'


def svg(content, attributes=""):
    return SVG.format(attributes, content)


def drawn(content):
    return harmless_svg(svg(content)).data.decode()


def nested(depth, width, inside="<rect/>"):
    """An SVG of groups, each of which uses the group before several times."""
    groups = [f'<g id="g0">{inside}</g>']
    for level in range(1, depth):
        groups.append(f'<g id="g{level}">' + f'<use xlink:href="#g{level - 1}"/>' * width + "</g>")
    return f'<defs>{"".join(groups)}</defs><use xlink:href="#g{depth - 1}"/>'


def test_a_figure_of_matplotlib_stays_whole():
    figure = Figure(figsize=(20, 4))
    for number, axes in enumerate(figure.subplots(2, 10).flat):
        axes.imshow([[0, number], [1, 2]], cmap="gray")
        axes.plot([0, 1, 0.5], "o--", alpha=0.5, label="loss")
        axes.set_title(r"$\sigma = 0.2$")
    file = io.StringIO()
    figure.savefig(file, format="svg")
    made = harmless_svg(file.getvalue())
    assert made.effort < MAX_EFFORT / 5

    def counted(text, *names):
        tags = [element.tag.rpartition("}")[2] for element in fromstring(text).iter()]
        return {name: tags.count(name) for name in names}

    kinds = ("path", "use", "image", "g", "clipPath", "rect", "style")
    assert counted(made.data, *kinds) == counted(file.getvalue(), *kinds)
    assert made.data.count(b"stroke-dasharray") == file.getvalue().count("stroke-dasharray") > 0
    assert made.data.count(b"url(#") == file.getvalue().count("url(#")


def test_a_graph_of_graphviz_stays_whole():
    graph = (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!DOCTYPE svg PUBLIC '
        '"-//W3C//DTD SVG 1.1//EN"\n "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
        '<svg width="97pt" height="44pt" viewBox="0.00 0.00 97.00 44.00" xmlns="http://www.w3.org/2000/svg">'
        '<g id="graph0" class="graph" transform="scale(1 1) rotate(0) translate(4 40)"><title>%3</title>'
        '<polygon fill="white" stroke="transparent" points="-4,4 -4,-40 93,-40"/>'
        '<text text-anchor="middle" x="27" y="-14.3" font-family="Times,serif" font-size="14.00">Conv2D'
        "</text></g></svg>"
    )
    made = harmless_svg(graph).data.decode()
    for kept in ('width="97pt"', "rotate(0)", 'points="-4,4 -4,-40 93,-40"', ">Conv2D<", "<title>"):
        assert kept in made


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<rect onclick="alert(1)"/>',
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">alert</body></foreignObject>',
        '<animate attributeName="x" values="alert" repeatCount="indefinite"/>',
        '<filter id="alert"><feTurbulence numOctaves="99"/></filter>',
        '<pattern id="alert" width="1" height="1"/><mask id="alert"/>',
        '<image href="https://example.org/alert.png"/><use href="alert.svg#a"/>',
        '<image href="data:image/svg+xml;base64,alert"/>',
        '<a href="javascript:alert(1)"><rect/></a>',
        '<rect style="filter:url(#alert);animation:alert 1s;d:path(alert)"/>',
        '<rect fill="url(https://example.org/alert)" style="fill:url(//alert);stroke:u\\72l(alert)"/>',
        "<style>@import url(alert);@keyframes alert{} rect{animation:alert;fill:url(alert)}</style>",
        "<!--alert--><metadata>alert</metadata><?alert?>",
    ],
)
def test_what_is_no_drawing_is_left_out(hostile):
    assert "alert" not in drawn(hostile)


@pytest.mark.parametrize(
    "content",
    [
        nested(9, 10),
        nested(2, 10, "<rect/>" * 10_000),
        nested(150, 1),
        '<g id="a"><use xlink:href="#a"/></g>',
        '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>',
        '<clipPath id="c0"><rect/></clipPath>'
        + "".join(
            f'<clipPath id="c{i}">' + f'<rect clip-path="url(#c{i - 1})"/>' * 10 + "</clipPath>"
            for i in range(1, 9)
        )
        + "<rect style=\"clip-path: url( '#c8' )\"/>",
        f'<marker id="m">{"<rect/>" * 1000}</marker><path marker-mid="url(#m)" d="M{"1 2 " * 1000}"/>',
        '<rect width="9" height="9"/>' * 45_000,
        '<g opacity=".5"><rect/></g>' * 2000,
        "<g>" * 200 + "</g>" * 200,
        f'<path d="M{"1 999 " * 100_000}"/>',
        '<path stroke-dasharray="0.01" d="M0 0 L1000 1000 L0 500"/>' * 1000,
        f"<text>{'W' * 100_000}</text>",
        "<image href='data:image/png;base64,"
        + base64.b64encode(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 60_000, 60_000)
        ).decode()
        + "'/>",
    ],
    ids=lambda content: content[:40],
)
def test_what_takes_a_browser_minutes_is_refused_at_once(content):
    start = time.process_time()
    with pytest.raises(ValueError, match=r"too much|itself|nested"):
        harmless_svg(svg(content))
    assert time.process_time() - start < 3


def test_a_kilobyte_that_stops_a_browser_is_refused():
    bomb = svg(nested(10, 8))
    assert len(bomb) < 3000
    with pytest.raises(ValueError, match="too much"):
        harmless_svg(bomb)


@pytest.mark.parametrize(
    "text",
    [
        "<svg",
        "<html><svg/></html>",
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + svg("<text>&b;</text>"),
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + svg("<text>&a;</text>"),
    ],
)
def test_what_is_no_svg_or_has_entities_is_refused(text):
    with pytest.raises(ValueError, match="not a drawing"):
        harmless_svg(text)


def test_sizes_that_no_page_holds_are_left_to_the_page():
    made = harmless_svg(svg("<rect/>", ' width="1e9" height="300pt"')).data.decode()
    assert 'height="300pt"' in made
    assert " width" not in made


def test_text_stays_in_its_order():
    text = '<text>a<tspan dx="1">b</tspan>c<a href="x">d</a>e &lt; f</text>'
    assert '<text>a<tspan dx="1">b</tspan>ce &lt; f</text>' in drawn(text)


@in_a_browser
@pytest.mark.slow
def test_the_most_that_is_allowed_is_drawn_in_time():
    rect = '<rect width="900" height="900" fill-opacity=".1"/>'
    made = harmless_svg(svg(nested(3, 100, rect * 2), ' width="900" height="900"'))
    assert MAX_EFFORT / 2 < made.effort < MAX_EFFORT
    encoded = base64.b64encode(made.data).decode()
    with listening() as listener:
        assert "<img" in opened(
            listener.show(f'<html><img src="data:image/svg+xml;base64,{encoded}"></html>')
        )


def test_a_style_sheet_of_unfinished_comments_is_read_quickly():
    start = time.process_time()
    drawn(f"<style>{'/* ' * 6_000}</style>" * 10)
    assert time.process_time() - start < 1
    assert "{fill: red}" in drawn("<style>/* a */ p {fill: red} /* b {fill: blue}</style>")
