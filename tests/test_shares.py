"""How processes share the tests out."""

from pathlib import Path

from shares import LONGEST, longest_first, share_of


def test_the_tests_of_one_file_stay_together():
    first = share_of("tests/judge/test_page.py::test_a")
    assert share_of("tests/judge/test_page.py::test_b") == first
    assert share_of("tests/calibration/test_page.py::test_a") != first


def test_attacks_that_wait_for_the_clock_have_a_share_of_their_own():
    assert share_of("tests/test_attacks.py::test_attack[clock-sleep]") == "test_attacks.py: clock"
    assert share_of("tests/test_attacks.py::test_attack[files-clock]") == "test_attacks.py"


def test_the_longest_shares_come_first_and_the_corpus_last():
    names = [
        "tests/test_corpus.py::test_case[a]",
        "tests/lab/test_lab.py::test_a",
        f"tests/{LONGEST[0]}::test_a",
    ]
    assert sorted(names, key=longest_first) == names[::-1]


def test_each_share_that_is_named_has_its_file():
    files = {share.partition(":")[0] for share in LONGEST}
    assert [file for file in files if not (Path(__file__).parent / file).exists()] == []
