"""Finds why an object is missing: a cell stopped, or the student gave the object another name."""

import ast
import builtins
import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

from nbformat import NotebookNode
from nbgrader import utils

from autograder.judge.verdict import Verdict
from autograder.lab import Exercise
from autograder.report.crashes import Crash, crash_of, crashes, errors_of, identifiers, is_students
from autograder.submissions.notebooks import grade_id, is_answer

MOST_OTHERS = 3
"""Most other names that are suggested for an undefined name; if more fit, none is suggested."""


def explained(
    cells: Sequence[NotebookNode],
    verdicts: Mapping[str, Verdict],
    asked: Mapping[str, str],
    exercise: Exercise,
) -> dict[str, Verdict]:
    """Returns the verdicts on an executed notebook's test cells, each cause before its consequences.

    asked: for test cells without evidence, the undefined name that stopped them; empty if none did.
    """
    found = crashes(cells)
    places = {grade_id(cell): index for index, cell in enumerate(cells) if utils.is_grade(cell)}
    result = {}
    for criterion, verdict in verdicts.items():
        result[criterion] = verdict
        if verdict.credit < 1:
            place, name = places[criterion], asked.get(criterion, "")
            others = _other_names(name, cells[place], exercise) if name else []
            crash = cause(cells, place, name, found)
            result[criterion] = _explained(verdict, crash, name, others, exercise)
    return _told_once(result)


def _explained(
    verdict: Verdict, crash: Crash | None, name: str, others: Sequence[str], exercise: Exercise
) -> Verdict:
    renamed = others and (crash is None or name not in crash.identifiers)
    if renamed:
        verdict = _otherwise_named(verdict, name, others, exercise)
    if crash is None:
        return verdict
    if renamed or not verdict.missing:
        # The crash may have contributed to what was found.
        verdict = dataclasses.replace(verdict, notes=(*verdict.notes, crash.sentence))
    else:
        verdict = dataclasses.replace(
            verdict,
            problems=(crash.sentence, *verdict.problems),
            found=f"{crash.quoted}; {verdict.found}" if verdict.credit else crash.quoted,
            advice=crash.remedy,
        )
    return _flagged(verdict, crash)


def _flagged(verdict: Verdict, crash: Crash) -> Verdict:
    """Flags the verdict for a person if the grading machine lacks what the cell asked for."""
    if not crash.lacking or crash.lacking in verdict.why_review:
        return verdict
    why = f"{crash.lacking} on the grading machine ({crash.cell})"
    note = f"On the grading machine, {crash.lacking}. If that cost points, a person will give them back."
    return for_a_person(verdict, why, note)


def for_a_person(verdict: Verdict, why: str, note: str) -> Verdict:
    """Flags the verdict for a person. why: what that person reads. note: what the student reads."""
    reasons = "; ".join(filter(None, [verdict.why_review, why]))
    return dataclasses.replace(verdict, review=True, why_review=reasons, notes=(*verdict.notes, note))


def cause(cells: Sequence[NotebookNode], place: int, name: str, found: Iterable[Crash]) -> Crash | None:
    """Returns the first crash that explains why a test cell lacks an object, if there is one.

    place: the test cell's index. name: the undefined name that stopped it; empty if none did.
    found: all crashes of the notebook.
    """
    before = [crash for crash in found if crash.place < place]
    if name:
        near = [crash for crash in before if name in crash.identifiers][-1:]
    else:
        near = _in_its_work(cells, place, before)
    if not near:
        return None
    first = near[0]
    while earlier := _leading_to(first, [crash for crash in before if crash.place < first.place]):
        first = earlier
    # A cell that stopped because it used the name does not explain why the name is undefined.
    return None if name and first.undefined == name else first


def _in_its_work(cells: Sequence[NotebookNode], place: int, before: Sequence[Crash]) -> list[Crash]:
    """Returns the last crash in the work that a test cell judges, or nothing.

    That work is the last answer before the test cell, and the student's own cells around it.
    """
    answer = max((i for i, cell in enumerate(cells[:place]) if is_answer(cell)), default=0)
    start = max((i for i, cell in enumerate(cells[:answer]) if utils.is_grade(cell)), default=-1)
    around = [crash for crash in before if crash.place > start]
    needed = _names_needed(cells, place)
    some = [crash for crash in around if crash.answer]
    some = some or [crash for crash in around if crash.identifiers & needed]
    if not some and _is_blank(cells[answer]):
        # The student may have done the work of this answer in an earlier cell.
        some = [c for c in before if c.identifiers & needed and c.identifiers & _LATER_WORK]
    return some[-1:]


_LATER_WORK = {"fit", "imshow"}
"""Functions that only the later answers need."""


def _leading_to(crash: Crash, before: Sequence[Crash]) -> Crash | None:
    """Returns the earlier crash that a later one follows from, if there is one."""
    wanted = crash.undefined or ("compile" if "compile" in crash.text else "")
    return next((other for other in reversed(before) if wanted in other.identifiers), None)


def _names_needed(cells: Sequence[NotebookNode], place: int) -> frozenset[str]:
    """Returns the names that a test cell uses and that only the student's cells can define."""
    nodes = [node for node in ast.walk(ast.parse(cells[place].source)) if isinstance(node, ast.Name)]
    own = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    given = [
        identifiers(cell.source)
        for cell in cells
        if cell.cell_type == "code" and not is_students(cell) and not utils.is_grade(cell)
    ]
    known = own.union(dir(builtins), ["check"], *given)
    return frozenset(node.id for node in nodes) - known


def _is_blank(cell: NotebookNode) -> bool:
    return all(line.strip().startswith("#") for line in cell.source.splitlines() if line.strip())


def asked_name(test: NotebookNode) -> str:
    """Returns the undefined name that stopped a test cell; empty if none did."""
    crash = crash_of(test)
    return crash.undefined if crash else ""


def _other_names(name: str, test: NotebookNode, exercise: Exercise) -> list[str]:
    """Returns names that the student may have given to the object that a test cell asked for.

    The kernel lists what is defined (see `autograder.kernel.names`); a student can forge that list.
    """
    defined = dict(re.findall(r"\b(\w+) \((network|array [\dx]+)\)", errors_of(test)[-1].evalue))
    clean = {exercise.noisy_train: "x_train", exercise.noisy_test: "x_test"}
    wanted = "network" if name == exercise.model else defined.pop(clean.get(name, name), None)
    alike = [other for other, kind in defined.items() if kind == wanted]
    return alike if len(alike) <= MOST_OTHERS else []


def _otherwise_named(verdict: Verdict, name: str, others: Sequence[str], exercise: Exercise) -> Verdict:
    kind = "network" if name == exercise.model else "array"
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
    """Makes later verdicts with the same cause refer to the first one."""
    first: dict[str, str] = {}
    result = {}
    for criterion, verdict in verdicts.items():
        result[criterion] = verdict
        if verdict.credit < 1 and verdict.problems:
            told = first.setdefault(verdict.problems[0], criterion)
            if told != criterion:
                result[criterion] = _referring(verdict, told, verdicts[told])
    return result


def _referring(verdict: Verdict, told: str, there: Verdict) -> Verdict:
    problem = f"{verdict.problems[0]} It is the same cause as at {told}."
    advice = f"See {told}." if verdict.advice == there.advice else verdict.advice
    return dataclasses.replace(verdict, problems=(problem, *verdict.problems[1:]), advice=advice)
