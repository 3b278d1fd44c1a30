"""Judges one criterion: calls its function, and turns bad messages and failures into verdicts, too."""

import dataclasses
import functools
import logging
from collections.abc import Callable, Sequence

from autograder.judge.architecture import judge_decoder, judge_encoder, judge_output_layer
from autograder.judge.behaviour import verified
from autograder.judge.compilation import judge_loss, judge_optimizer
from autograder.judge.noise import judge_noise
from autograder.judge.quality import judge_quality
from autograder.judge.reference import Reference
from autograder.judge.training import judge_training
from autograder.judge.verdict import Verdict, zero
from autograder.judge.visualization import judge_visualization
from autograder.lab import Exercise
from autograder.protocol.evidence import Evidence, EvidenceError, Message, decode

log = logging.getLogger(__name__)

MOST_LACKING = 1000
"""Characters of the kernel's incidents that a panel shows: a student may have written them."""

CRITERIA: dict[str, Callable[[Evidence, Exercise, Reference], Verdict]] = {
    "noise": judge_noise,
    "encoder": judge_encoder,
    "decoder": judge_decoder,
    "output-layer": judge_output_layer,
    "loss": judge_loss,
    "optimizer": judge_optimizer,
    "training": judge_training,
    "reconstruction": judge_quality,
    "denoising": judge_quality,
    "visualization": judge_visualization,
}


def judge(
    evidence: Evidence,
    exercise: Exercise,
    reference: Reference,
    pictures: Sequence[str] | None = None,
) -> Verdict:
    """Returns the verdict on one criterion. A failure of the judge is logged and flagged for a person.

    pictures: the pictures that were sent to the page, see `Message`; None if they were not collected.
    """
    try:
        criterion = CRITERIA[evidence.check]
        if criterion is judge_visualization:
            criterion = functools.partial(judge_visualization, pictures=pictures)
        verdict = _with_incidents(criterion(verified(evidence), exercise, reference), evidence)
        by_hand = {each.id for each in exercise.criteria if each.by_hand}
        return _left_to_a_person(verdict) if evidence.check in by_hand else verdict
    except Exception:
        log.exception("judging %s of %s failed", evidence.check, exercise.notebook)
        return zero(
            "a verdict",
            "an error in the judge itself, not in this work",
            "This criterion could not be judged.",
            "Please tell the course staff: a person has to look at it.",
            review=True,
            transient=True,
        )


def _left_to_a_person(verdict: Verdict) -> Verdict:
    """What the judge found, without a decision on the credit."""
    return dataclasses.replace(
        verdict,
        credit=0.0,
        problems=("A person grades this.",),
        advice="",
        notes=(*verdict.problems, *verdict.notes),
        review=True,
        why_review="the lab file leaves it to a person",
    )


def _with_incidents(verdict: Verdict, evidence: Evidence) -> Verdict:
    """Flags the verdict for a person if credit is missing and the kernel lacked something."""
    if verdict.credit >= 1 or not evidence.incidents:
        return verdict
    lacking = "; ".join(evidence.incidents)[:MOST_LACKING]
    note = (
        "The grading machine could not give this notebook all it asked for: "
        f"{lacking}. If that cost points here, a person will give them back."
    )
    why = "; ".join(filter(None, [verdict.why_review, lacking]))
    return dataclasses.replace(verdict, review=True, why_review=why, notes=(*verdict.notes, note))


def judge_message(criterion: str, message: Message, exercise: Exercise, reference: Reference) -> Verdict:
    """Returns the verdict on a published message, whose text may be anything."""
    try:
        evidence = decode(message.text)
        if evidence.check != criterion:
            raise EvidenceError(f"it is about '{evidence.check[:40]}', not '{criterion}'")
        if evidence.request != message.request:
            raise EvidenceError("it answers another request than the one to run this cell")
    except EvidenceError as error:
        return zero(
            "the evidence that the test cell hands over",
            f"something else ({error})",
            "What this test cell handed over cannot be judged.",
            "Leave the test cell and its output as they are, and restart the kernel.",
        )
    evidence = _with_later(evidence, message.drawn)
    if message.out_of_sight:
        unseen = (
            f"a look at {message.out_of_sight} of its outputs (scripts draw pictures, or may hide them)"
        )
        evidence = dataclasses.replace(evidence, incidents=(*evidence.incidents, unseen))
    return judge(evidence, exercise, reference, message.pictures)


def _with_later(evidence: Evidence, drawn: str) -> Evidence:
    """Adds what was drawn after the check, if the notebook ran to its end."""
    if not drawn:
        return evidence
    try:
        later = decode(drawn)
    except EvidenceError as error:
        log.info("What was drawn by the end cannot be read: %s", error)
        return evidence
    return dataclasses.replace(evidence, drawings=later.drawings)
