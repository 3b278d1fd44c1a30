"""Ctrl-C ends a run of `autograder grade`, wherever it comes."""

import signal

import pytest

from autograder.batch.interruption import Interruption


class Swallowing:
    """Interrupted while it is finalized: Python drops the exception."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_is_an_exception_at_once():
    with Interruption(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_a_library_swallowed_ends_the_run_at_the_next_step():
    with Interruption() as interruption:
        Swallowing()
        with pytest.raises(KeyboardInterrupt):
            interruption.check()


def test_without_an_interrupt_the_run_goes_on():
    with Interruption() as interruption:
        interruption.check()


def test_afterwards_an_interrupt_is_what_it_was():
    before = signal.getsignal(signal.SIGINT)
    with Interruption():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def work_interrupted(times, done):
    with Interruption() as interruption, interruption.held():
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        done.append("work")


def test_short_work_comes_to_its_end_first():
    done = []
    with pytest.raises(KeyboardInterrupt):
        work_interrupted(1, done)
    assert done == ["work"]


def test_a_second_interrupt_ends_short_work_at_once():
    done = []
    with pytest.raises(KeyboardInterrupt):
        work_interrupted(2, done)
    assert not done
