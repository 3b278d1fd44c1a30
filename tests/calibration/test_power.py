"""Right noise that fails is counted, and wrong noise that passes."""

from measurements import drawn

from autograder.calibration import noise_kinds, power


def test_right_and_wrong_noise_is_counted():
    one, other = power.summary(power.rows(drawn())).values()
    rights = sum(kind.right for kind in noise_kinds.KINDS.values())
    assert one == other
    assert one["right"]["n"] == 6 * rights
    assert (one["right"]["failed"], one["right"]["least_likely"]) == (0, 1.0)
    assert one["right"]["fail_at_most_by_count"] < 3.1 / one["right"]["n"]
    assert one["wrong"]["passed"] == 0
    assert one["wrong"]["nearest"]["unlikely"] == 40.0


def test_noise_that_is_judged_wrongly_is_counted():
    mistaken = power.summary(power.rows(drawn(right=8.0, wrong=6.0)))["embedded"]
    assert mistaken["right"]["failed"] == mistaken["right"]["n"]
    assert mistaken["right"]["fail_at_most_by_count"] == 1
    assert mistaken["wrong"]["passed"] > 0
