"""The watchers of a process: incidents are noted once, and evidence is published."""

import pytest
from small_network import STEPS


@pytest.fixture
def watchers(monkeypatch):
    """The module, with new watchers that are not installed."""
    from autograder.kernel import watchers
    from autograder.kernel.drawing import ScreenRecorder
    from autograder.kernel.fit_recorder import FitRecorder

    new = watchers.Watchers(FitRecorder(steps=STEPS), ScreenRecorder(), watchers.publish)
    monkeypatch.setattr(watchers, "_current", new)
    return watchers


def test_an_incident_is_noted_once_and_remarked(watchers, capsys):
    for _ in range(2):
        watchers.incident("no network")
    assert watchers.current().incidents == ["no network"]
    assert capsys.readouterr().out == "[grading] no network\n"


def test_incidents_are_bounded(watchers):
    for number in range(2 * watchers.MOST_INCIDENTS):
        watchers.incident(f"{number} " + "x" * watchers.MOST_CHARACTERS)
    assert len(watchers.current().incidents) == watchers.MOST_INCIDENTS
    assert max(map(len, watchers.current().incidents)) == watchers.MOST_CHARACTERS


def test_a_process_is_watched_once(watchers):
    current = watchers.current()
    assert watchers.start(steps=None, deliver=print) is current


def test_a_process_that_nothing_watches_has_no_watchers(watchers, monkeypatch):
    monkeypatch.setattr(watchers, "_current", None)
    watchers.incident("is dropped")
    with pytest.raises(RuntimeError):
        watchers.current()
