"""The judge's verdict on one criterion."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Verdict:
    """Credit from 0 to 1 and the reasons for it, in words for the student."""

    credit: float
    expected: str
    found: str
    problems: tuple[str, ...] = ()
    """The faults that cost credit, each with its cost unless that is all of the credit."""
    advice: str = ""
    notes: tuple[str, ...] = ()
    """Remarks that cost nothing."""
    review: bool = False
    """Whether a person should look at the submission, because the judge had too little to judge by."""
    why_review: str = ""
    """Why a person should look, if `found` does not say it."""
    transient: bool = False
    """Whether the judge itself failed, and may succeed the next time."""
    missing: bool = False
    """Whether the object to judge does not exist, for instance because the cell that makes it failed."""

    @property
    def reason(self) -> str:
        """Why a person should look at the submission."""
        return self.why_review or self.found

    @property
    def word(self) -> str:
        """'full', 'partial' or 'zero'."""
        if self.credit >= 1:
            return "full"
        return "partial" if self.credit > 0 else "zero"

    def points(self, maximum: float) -> float:
        """The points earned of `maximum`, to two decimals."""
        return round(min(max(self.credit, 0.0), 1.0) * maximum, 2)


def zero(
    expected: str,
    found: str,
    problem: str,
    advice: str,
    *,
    review: bool = False,
    transient: bool = False,
    missing: bool = False,
) -> Verdict:
    """No credit, for one reason."""
    verdict = Verdict(0.0, expected, found, (problem,), advice)
    return replace(verdict, review=review, transient=transient, missing=missing)
