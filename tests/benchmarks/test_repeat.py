"""The same submissions get the same scores and panels, whichever way they are graded."""

import pytest

from benchmarks import repeat


def test_what_differs_is_named():
    first = {("ada", "autoencoder", "loss"): "3", ("ada", "autoencoder", "noise"): "8"}
    other = {("ada", "autoencoder", "loss"): "0"}
    assert repeat.differences(first, first) == []
    assert repeat.differences(first, other) == ["ada autoencoder loss", "ada autoencoder noise"]


def test_nbgraders_command_and_a_busy_machine_are_among_the_ways():
    ways = repeat.ways()
    assert {way.workers for way in ways} == {None, 1, 2}
    assert any(way.load for way in ways)


@pytest.mark.slow
def test_nbgraders_command_and_ours_give_the_same(monkeypatch, capsys):
    monkeypatch.setattr(repeat, "ways", lambda: (repeat.Way("ours", 2), repeat.Way("nbgrader's", None)))
    monkeypatch.setattr("sys.argv", ["repeat", "--gradings", "2", "--students", "1"])

    assert repeat.main() == 0

    assert "nbgrader's" in capsys.readouterr().out
