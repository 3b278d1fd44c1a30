"""What lies behind a verdict that something is not there: a cell that stopped, or another name."""

import ast
import builtins
import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

from nbformat import NotebookNode
from nbgrader import utils

from autograder.judge.verdict import Verdict
from autograder.lab import EXERCISES
from autograder.report.crashes import Crash, crashes, errors_of, gist, is_students, missing_name, words
from autograder.submissions.notebooks import grade_id, is_answer

MOST_OTHERS = 3
"""Objects of one kind of which it is told that they may be meant by a name that is missing."""


def explained(
    cells: Sequence[NotebookNode], verdicts: Mapping[str, Verdict], asked: Mapping[str, str]
) -> dict[str, Verdict]:
    """The verdicts on an executed notebook's test cells, each with the cause before its consequences.

    asked: the name for want of which a test cell could not hand over its evidence, if that is why.
    """
    found = crashes(cells)
    places = {grade_id(cell): index for index, cell in enumerate(cells) if utils.is_grade(cell)}
    result = {}
    for criterion, verdict in verdicts.items():
        result[criterion] = verdict
        if verdict.credit < 1:
            place, name = places[criterion], asked.get(criterion, "")
            crash = cause(cells, place, name, found)
            others = called_otherwise(name, cells[place]) if name else []
            result[criterion] = _explained(verdict, crash, name, others)
    return _told_once(result)


def _explained(verdict: Verdict, crash: Crash | None, name: str, others: Sequence[str]) -> Verdict:
    if others and (crash is None or name not in crash.words):
        verdict = _otherwise_called(verdict, name, others)
    elif crash and verdict.missing:
        return _caused(verdict, crash)
    return _remembered(verdict, crash) if crash else verdict


def _caused(verdict: Verdict, crash: Crash) -> Verdict:
    """The verdict, with the crash named before what it cost."""
    verdict = dataclasses.replace(
        verdict,
        problems=(crash.sentence, *verdict.problems),
        found=f"{crash.quoted}; {verdict.found}" if verdict.credit else crash.quoted,
        advice=crash.remedy,
    )
    return _flagged(verdict, crash)


def _remembered(verdict: Verdict, crash: Crash) -> Verdict:
    """The verdict as it is, with a remark on a crash that may have had a part in it."""
    verdict = dataclasses.replace(verdict, notes=(*verdict.notes, crash.sentence))
    return _flagged(verdict, crash)


def _flagged(verdict: Verdict, crash: Crash) -> Verdict:
    """For a person to look at, where the grading machine lacks what the cell asked for."""
    if not crash.lacking or crash.lacking in verdict.why_review:
        return verdict
    why = f"{crash.lacking} on the grading machine ({crash.cell})"
    note = f"On the grading machine, {crash.lacking}. If that cost points, a person will give them back."
    return for_a_person(verdict, why, note)


def for_a_person(verdict: Verdict, why: str, note: str) -> Verdict:
    """The verdict, flagged: why a person should look, and what the student reads of it."""
    reasons = "; ".join(filter(None, [verdict.why_review, why]))
    return dataclasses.replace(verdict, review=True, why_review=reasons, notes=(*verdict.notes, note))


def cause(cells: Sequence[NotebookNode], place: int, name: str, found: Iterable[Crash]) -> Crash | None:
    """The crash for want of which a test cell may lack what it was to show, if there is one.

    place: of the test cell. name: the one it did not find, if it could not ask for more; or empty.
    found: all crashes of the notebook.
    """
    before = [crash for crash in found if crash.place < place]
    if name:
        near = [crash for crash in before if name in crash.words][-1:]
    else:
        near = _of_its_work(cells, place, before)
    if not near:
        return None
    first = near[0]
    while behind := _behind(first, [crash for crash in before if crash.place < first.place]):
        first = behind
    # That the name is missing is no reason for its being missing.
    return None if name and first.missing_name == name else first


def _of_its_work(cells: Sequence[NotebookNode], place: int, before: Sequence[Crash]) -> list[Crash]:
    """The crash in the work that a test cell judges, if there is one.

    That is the last answer before the test, and what of the student's own stands around it.
    """
    answer = max((i for i, cell in enumerate(cells[:place]) if is_answer(cell)), default=0)
    start = max((i for i, cell in enumerate(cells[:answer]) if utils.is_grade(cell)), default=-1)
    around = [crash for crash in before if crash.place > start]
    needed = names_needed(cells, place)
    some = [crash for crash in around if crash.answer] or [c for c in around if c.words & needed]
    if not some and _is_blank(cells[answer]):
        # The work was done in an earlier cell, where it was.
        some = [crash for crash in before if crash.words & needed and crash.words & _LATER_WORK]
    return some[-1:]


_LATER_WORK = {"fit", "imshow"}
"""Words of what the later answers are for."""


def _behind(crash: Crash, before: Sequence[Crash]) -> Crash | None:
    """The crash that a later one follows from, if it does."""
    if name := crash.missing_name:
        return next((other for other in reversed(before) if name in other.words), None)
    if "compile" in crash.text:
        return next((other for other in reversed(before) if "compile" in other.words), None)
    return None


def names_needed(cells: Sequence[NotebookNode], place: int) -> frozenset[str]:
    """The names that a test cell takes from the student's cells."""
    nodes = [node for node in ast.walk(ast.parse(cells[place].source)) if isinstance(node, ast.Name)]
    own = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    given = [
        words(cell.source)
        for cell in cells
        if cell.cell_type == "code" and not is_students(cell) and not utils.is_grade(cell)
    ]
    known = own.union(dir(builtins), ["check"], *given)
    return frozenset(node.id for node in nodes) - known


def _is_blank(cell: NotebookNode) -> bool:
    return all(line.strip().startswith("#") for line in cell.source.splitlines() if line.strip())


def asked_name(test: NotebookNode) -> str:
    """The name over which a test cell stopped; empty if it did not, or over something else."""
    errors = errors_of(test)
    return missing_name(errors[-1].ename, gist(errors)) if errors else ""


def called_otherwise(name: str, test: NotebookNode) -> list[str]:
    """Names of what a test cell may have asked for under a name that it did not find.

    The kernel tells what there is (see `autograder.kernel.names`), and may tell anything.
    """
    there = dict(re.findall(r"\b(\w+) \((network|array [\dx]+)\)", errors_of(test)[-1].evalue))
    if any(name == exercise.model for exercise in EXERCISES.values()):
        alike = [other for other, kind in there.items() if kind == "network"]
    else:
        clean = name.removesuffix("_noisy")
        shape = there.pop(clean, None)
        alike = [other for other, kind in there.items() if kind == shape]
    return alike if len(alike) <= MOST_OTHERS else []


def _otherwise_called(verdict: Verdict, name: str, others: Sequence[str]) -> Verdict:
    kind = "network" if any(name == exercise.model for exercise in EXERCISES.values()) else "array"
    quoted = " or ".join(f"'{other}'" for other in others)
    verdict = dataclasses.replace(
        verdict,
        problems=(f"The name {name} is not defined; your {kind} is called {quoted}.",),
        found=f"name '{name}' is not defined",
        advice=f"Call it {name}: what is graded is looked for under the names that the task gives.",
    )
    why = f"the name {name} is not defined, but there is {quoted}"
    return for_a_person(verdict, why, "A person will look at what stands under the other name.")


def _told_once(verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Where a cause is named in several panels, the later ones refer to the first."""
    first: dict[str, str] = {}
    result = {}
    for name, verdict in verdicts.items():
        result[name] = verdict
        if verdict.credit < 1 and verdict.problems:
            told = first.setdefault(verdict.problems[0], name)
            if told != name:
                result[name] = _referring(verdict, told, verdicts[told])
    return result


def _referring(verdict: Verdict, told: str, there: Verdict) -> Verdict:
    problem = f"{verdict.problems[0]} It is the same cause as at {told}."
    advice = f"See {told}." if verdict.advice == there.advice else verdict.advice
    return dataclasses.replace(verdict, problems=(problem, *verdict.problems[1:]), advice=advice)
