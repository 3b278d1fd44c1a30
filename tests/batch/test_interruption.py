"""Ctrl-C ends `autograder grade`, whenever it comes."""

import signal

import pytest

from autograder.batch.interruption import Interruption


class Swallowing:
    """Is interrupted in its finalizer, where Python drops the exception."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_is_an_exception_at_once():
    with Interruption(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_a_library_swallowed_is_raised_at_the_next_check():
    with Interruption() as interruption:
        Swallowing()
        with pytest.raises(KeyboardInterrupt):
            interruption.check()


def test_without_an_interrupt_a_check_raises_nothing():
    with Interruption() as interruption:
        interruption.check()


def test_afterwards_ctrl_c_is_handled_as_before():
    before = signal.getsignal(signal.SIGINT)
    with Interruption():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def interrupted(times, done):
    with Interruption() as interruption, interruption.held():
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        done.append("held")


def test_a_first_interrupt_waits_for_the_end_of_what_is_held():
    done = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(1, done)
    assert done == ["held"]


def test_a_second_interrupt_ends_at_once_what_is_held():
    done = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(2, done)
    assert not done
