"""Every attack of tests/attacks through `autograder grade`: what it earns, harms and leaves."""

import contextlib
import functools

import attacks
import pytest
from arena import EARLIER, NOTEBOOK_SECONDS, SHORT, Arena, Run
from the_lab import AUTOENCODER, EXERCISES

from autograder.sandbox import bubblewrap
from autograder.submissions import notebooks

ATTACKS = attacks.load()
KINDS = sorted({attack.kind for attack in ATTACKS})
GRADER_MIB = 700
"""What nbgrader may need at most; without attacks it needs about 250."""
TEMPORARY_MIB = 1024
"""What may lie in the grader's folder for temporary files at most: images, scratch folders, logs."""
NETWORK = {"encoder", "decoder", "output-layer", "loss", "optimizer"}
"""What an honest network earns that was not trained."""
MISSING = bubblewrap.problem()
"""Why there is no sandbox; empty if there is."""


def runnable(attack):
    return not (attack.needs_sandbox and MISSING)


def each_attack(test):
    """Runs the test for each attack; one that needs the sandbox is skipped where there is none."""
    skip = pytest.mark.skip(reason=f"could do harm without the sandbox: {MISSING}")
    cases = [
        pytest.param(attack, id=attack.id, marks=() if runnable(attack) else skip) for attack in ATTACKS
    ]
    return pytest.mark.slow(pytest.mark.parametrize("attack", cases)(test))


def each_kind(test):
    return pytest.mark.slow(pytest.mark.parametrize("kind", KINDS)(test))


def class_of(kind):
    """The class that attacks of a kind are handed in with."""
    return "clock" if kind == "clock" else "all other attacks"


@pytest.fixture(scope="module")
def arenas(tmp_path_factory):
    """The arena of each class, at its first use."""
    settings = {"clock": SHORT}
    with contextlib.ExitStack() as until_the_end:

        @functools.cache
        def arena_of(name):
            folder = tmp_path_factory.mktemp("arena")
            return until_the_end.enter_context(Arena(folder, settings.get(name, "")))

        yield lambda kind: arena_of(class_of(kind))


@pytest.fixture(scope="module")
def run(arenas):
    """The run of the class of a kind of attack, at its first use."""

    @functools.cache
    def run_of(name) -> Run:
        return arenas(name).run([a for a in ATTACKS if class_of(a.kind) == name and runnable(a)])

    return lambda kind: run_of(class_of(kind))


def test_there_are_enough_attacks_and_each_says_what_it_tries():
    assert len(ATTACKS) >= 35
    assert len({attack.id for attack in ATTACKS}) == len(ATTACKS)
    for attack in ATTACKS:
        assert attack.tries.endswith("."), attack.id
        assert attack.before or attack.answers, attack.id


def test_every_attack_can_be_handed_in():
    facts = {"NAME": "student", "MARKER": "marker"}
    for attack in ATTACKS:
        criteria = {criterion.id for criterion in EXERCISES[attack.notebook].criteria}
        notebook = attack.submission(attacks.corpus.source(attack.notebook), facts)
        assert criteria >= {*attack.earns, *attack.shows}, attack.id
        assert attack.needs_sandbox == any("MARKER)" in cell.source for cell in notebook.cells)


@pytest.mark.slow
def test_honest_work_earns_what_it_should(run):
    result = run("points")
    student = result.honest[0]
    earned = {name for (_, name), score in result.scores[student].items() if score}
    assert earned == NETWORK


@each_attack
def test_an_attack_earns_no_more_than_its_honest_part(attack, run, request):
    if attack.known:
        request.applymarker(pytest.mark.xfail(reason=attack.known, strict=True))
    result = run(attack.kind)
    exercise = EXERCISES[attack.notebook]
    deserved = {
        (exercise.notebook, criterion.id): attack.earns.get(criterion.id, 0) * criterion.points
        for criterion in exercise.criteria
    }
    scores = result.scores[result.students[attack.id]]
    earned = {key: score for key, score in scores.items() if score}

    assert {key: score for key, score in earned.items() if score > deserved.get(key, 0) + 0.01} == {}


@each_attack
def test_an_attack_ran_and_was_stopped(attack, run, arenas):
    result, arena = run(attack.kind), arenas(attack.kind)
    student = result.students[attack.id]
    assert not arena.refused(student), "it found itself outside of any sandbox"
    graded = arena.graded(student, attack.notebook)
    texts = "\n".join(text for cell in graded.cells for text in outputs(cell))

    assert "SUCCEEDED" not in texts
    assert attack.prints in texts
    own = {text.strip() for text in (*attack.answers.values(), *attack.before.values())}
    errors = {
        f"{output.ename}: {output.evalue[:200]}"
        for cell in graded.cells
        if cell.source.strip() in own
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    }
    assert {error for error in errors if error.split(":")[0] not in attack.raises} == set()
    for criterion, words in attack.shows.items():
        (cell,) = (cell for cell in graded.cells if notebooks.grade_id(cell) == criterion)
        assert words in cell.outputs[0].data["text/markdown"]


def outputs(cell):
    for output in cell.get("outputs", []):
        yield (
            output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue") or ""
        )


@each_attack
def test_an_attack_harms_neither_files_nor_processes(attack, run, arenas):
    assert arenas(attack.kind).hurt(run(attack.kind).students[attack.id]) == []


@each_kind
def test_the_grades_of_those_graded_next_are_untouched(kind, run):
    result = run(kind)
    points = {
        (exercise.notebook, c.id): c.points if exercise is AUTOENCODER and c.id in NETWORK else 0
        for exercise in EXERCISES.values()
        if exercise.notebook in {attack.notebook for attack in ATTACKS}
        for c in exercise.criteria
    }
    for student in result.honest:
        scores = {key: score for key, score in result.scores[student].items() if key[1] != "discussion"}
        assert scores == points, student


@each_kind
def test_the_grades_that_a_person_gave_before_are_untouched(kind, run):
    scores = run(kind).scores[EARLIER]
    assert all(
        scores[AUTOENCODER.notebook, criterion.id] == criterion.points
        for criterion in AUTOENCODER.criteria
    )


@each_kind
def test_nothing_changes_but_what_grading_writes(kind, run):
    assert run(kind).changed == ()


@each_kind
def test_no_process_is_left_behind(kind, run):
    assert run(kind).left_behind == ()


@each_kind
def test_nothing_reaches_the_network(kind, run):
    assert run(kind).received == ()


@each_kind
def test_the_grader_stays_small_and_goes_on(kind, run):
    result = run(kind)
    print(
        f"{result.grader_mib:.0f} MiB, {result.temporary_mib:.0f} MiB of files, {result.seconds:.0f} s"
    )
    assert result.grader_mib < GRADER_MIB
    assert result.temporary_mib < TEMPORARY_MIB
    assert result.seconds < (len(result.students) + len(result.honest)) * (NOTEBOOK_SECONDS + 15)
    for student in (*result.students.values(), *result.honest):
        assert (AUTOENCODER.notebook, "encoder") in result.scores[student], f"{student} has no grade"
