"""Grades the example submissions as an instructor would, in a copy of a course."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder.adapting.quickstart import bundled_course
from autograder.examples.answers import AnswersError, answers, for_exercise, read_toml
from autograder.lab import Lab
from autograder.lab.file import chosen, read
from autograder.report.grade_table import read_grades
from autograder.submissions import notebooks

_MARK = ".autograder-demo"
STUDENTS = Path(__file__).with_name("students.toml")
WORTH_READING = "chen"
"""The student whose feedback shows most kinds of verdicts."""
FEW_IMAGES = """
# Few images, as the embedded digits are repeated until there are enough.
c.Grading.train_images = 6000
c.Grading.test_images = 1000
"""


class DemoError(Exception):
    """The demonstration cannot run here; the text says what to do."""


def run_demo(course: Path | None, folder: Path) -> None:
    """Copies a course to a folder, submits the examples, grades them and prints the grades.

    course: a directory with nbgrader_config.py and source/; None for the current directory if it is one,
    otherwise for the bundled course. folder: replaces an older demonstration. Raises DemoError, and
    LabFileError if the course has no lab.
    """
    if course is None:
        course = Path() if Path("nbgrader_config.py").is_file() else bundled_course()
    lab = read(course / "source" / chosen(course))
    _copy_course(course, folder)
    print(f"1. Making the release from source ({folder}/release)", flush=True)
    _nbgrader(folder, "generate_assignment", lab.assignment)
    students = submit_examples(folder, lab)
    print(f"2. Handing in {len(students)} example submissions ({folder}/submitted)")
    for student, about in students.items():
        print(f"     {student:<5} {about}")
    print("3. autograder grade, on all cores")
    print(f"     The same one after the other: nbgrader autograde {lab.assignment}", flush=True)
    _grade(folder)
    print("4. nbgrader generate_feedback and export", flush=True)
    _nbgrader(folder, "generate_feedback", lab.assignment)
    _nbgrader(folder, "export")
    print()
    read_grades(f"sqlite:///{folder.resolve()}/gradebook.db", "", lab.assignment).show()
    pages = folder.resolve() / "feedback" / WORTH_READING / lab.assignment
    print(f"\nThe feedback of {WORTH_READING}, who made several mistakes, is worth reading:")
    print(pages / f"{next(iter(lab.exercises))}.html")


def submit_examples(folder: Path, lab: Lab) -> dict[str, str]:
    """Writes the example submissions into a course; returns what each student did, by the id.

    Raises DemoError if an example does not fit the course's sample solution.
    """
    students = read_toml(STUDENTS)["student"]
    for student in students:
        target = folder / "submitted" / student["id"] / lab.assignment
        target.mkdir(parents=True)
        for name, exercise in lab.exercises.items():
            released = notebooks.read(folder / "release" / lab.assignment / f"{name}.ipynb")
            sample = notebooks.solutions(
                notebooks.read(folder / "source" / lab.assignment / f"{name}.ipynb")
            )
            # The sample solution's notes for graders are not part of an answer.
            for discussion in exercise.discussions:
                sample[discussion.id] = sample[discussion.id].split("\n\n**For the grader**")[0]
            described = for_exercise(student.get(name, {}), exercise)
            # A blank notebook stays as it was released.
            try:
                given = {} if described.get("blank") else answers(described, sample)
            except AnswersError as error:
                raise DemoError(
                    f"The example of {student['id']} does not fit the solution of {name}: {error}. The "
                    "examples are made for the bundled lab: `autograder quickstart DIR` writes it."
                ) from None
            nbformat.write(notebooks.filled(released, given), target / f"{name}.ipynb")
    return {student["id"]: student["about"] for student in students}


def _copy_course(course: Path, folder: Path) -> None:
    if not (course / "nbgrader_config.py").is_file() or not (course / "source").is_dir():
        raise DemoError(
            f"{course.resolve()} is no course directory: it has no nbgrader_config.py or no source/. "
            "Change to one, or name it with --course."
        )
    if folder.exists():
        if not (folder / _MARK).exists() and any(folder.iterdir()):
            raise DemoError(f"{folder} is not empty. Name another folder with --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    config = (course / "nbgrader_config.py").read_text("utf-8") + FEW_IMAGES
    (folder / "nbgrader_config.py").write_text(config, "utf-8")
    shutil.copytree(course / "source", folder / "source")


def _nbgrader(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise DemoError(f"nbgrader {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def _grade(folder: Path) -> None:
    """Runs `autograder grade`, which shows its progress."""
    command = [sys.executable, "-m", "autograder.cli", "grade", "--course", str(folder)]
    if subprocess.run(command).returncode:
        raise DemoError(f"autograder grade failed; its log is {folder / '.autograder' / 'grade.log'}")
