"""The command `autograder calibrate`: measures bounds for the exercises of a lab."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.calibration import CalibrationError, by_hand, record, summary
from autograder.calibration.measuring import Pool
from autograder.calibration.places import PAGE, Places
from autograder.calibration.session import Session
from autograder.judge import bounds
from autograder.judge.bounds import COMMAND
from autograder.lab import Lab
from autograder.lab.file import NAME, read


@dataclass(frozen=True)
class Options:
    """The options of the command."""

    folder: Path
    """The assignment's source folder, which holds the lab file."""
    exercises: tuple[str, ...] = ()
    """The notebooks to measure; empty: all whose bounds are missing, out of date or of few networks."""
    data: tuple[str, ...] = ("embedded",)
    """Sources of images, as `images.load` takes them."""
    seeds: int = summary.SEEDS
    """Right networks for each source of images and learning rate."""
    output: Path | None = None
    """The folder for all results and the page; None: one for each exercise and its conditions, in the
    course directory's .autograder/calibration/."""
    workers: int = 0
    """Number of processes; 0 for one per core."""
    report: bool = False
    """Whether to measure nothing and only derive bounds and page from the existing results."""
    again: bool = False
    """Whether to measure exercises whose bound is up to date."""
    by_hand: bool = False
    """Whether to measure nothing, and to make criteria without a bound manual ones."""


def calibrate(options: Options) -> str:
    """Measures what is not measured yet, and writes calibration.json and pages. Returns a summary.

    Raises KeyboardInterrupt, CalibrationError, LabFileError and ImagesError.
    """
    lab, file = read(options.folder), options.folder / bounds.NAME
    if unknown := [name for name in options.exercises if name not in lab.exercises]:
        raise CalibrationError(
            f"The lab has no exercise '{unknown[0]}'. Its exercises are {', '.join(lab.exercises)}."
        )
    if options.by_hand:
        return _made_manual(options, lab, record.read(file))
    wanted, said = _wanted(options, lab, record.read(file))
    if not wanted:
        return "\n".join(said)
    with Pool(lab, options.workers or os.cpu_count() or 1) as pool:
        session = Session(lab, _places(options), options.data, pool)
        if not options.report:
            session.measure(wanted, options.seeds)
        findings = session.findings(wanted, may_measure=not options.report)
    record.write({name: findings[name].entry for name in wanted}, file)
    pages = _write_pages(findings, session)
    said += [line for name in wanted for line in summary.lines(findings[name])]
    return "\n".join([*said, f"The judge reads {file}. What it rests on:", *map(str, pages)])


def _wanted(options: Options, lab: Lab, known: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The exercises to measure, and lines on the others."""
    wanted, said = [], []
    for name in options.exercises or lab.exercises:
        exercise, entry = lab.exercises[name], known.get(name, {})
        if exercise.quality is None:
            said.append(
                f"{name}: no criterion is about what the network makes of images: no bound is needed"
            )
        elif exercise.quality.by_hand:
            said.append(f"{name}: a person grades '{exercise.quality.id}': no bound is needed")
        elif (
            not (options.exercises or options.again or options.report)
            and entry.get("bound") is not None
            and entry.get("safe")
            and not bounds.differences(entry, exercise)
        ):
            said.append(
                f"{name}: the bound {entry['bound']:g}, measured on {entry['date']}, is up to date; "
                "--again measures it anew"
            )
        else:
            wanted.append(name)
    return wanted, said


def _places(options: Options) -> Places:
    if options.output:
        return Places(options.output / "longer", options.output)
    return Places(options.folder.parent.parent / ".autograder" / "calibration")


def _write_pages(findings: Mapping[str, record.Finding], session: Session) -> list[Path]:
    """Writes the page of each folder of results; returns their paths."""
    # Imported late, as plots take a second to import.
    from autograder.calibration.page import page

    by_folder: dict[Path, list[record.Finding]] = {}
    for finding in findings.values():
        by_folder.setdefault(session.places.of(finding.bound.exercise), []).append(finding)
    for folder, some in by_folder.items():
        (folder / PAGE).write_text(page(some, session.lab), "utf-8")
    return [folder / PAGE for folder in by_folder]


def _made_manual(options: Options, lab: Lab, known: Mapping[str, Any]) -> str:
    """Makes manual the criteria of the named exercises, or of all that cannot be told apart."""
    without = [name for name in lab.exercises if known.get(name, {}).get("told_apart") is False]
    said = []
    for name in options.exercises or without:
        quality = lab.exercises[name].quality
        if quality is None or quality.by_hand:
            said.append(f"{name}: nothing to change; a person grades its result, or nobody does")
            continue
        by_hand.move(options.folder, name, quality.id)
        said.append(f"{name}: a person grades '{quality.id}' now ({options.folder / NAME}, by_hand)")
    if not said:
        return f"Nothing to change: `{COMMAND}` found a bound for each exercise. Name one: --exercise"
    return "\n".join(said)
