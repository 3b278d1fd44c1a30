"""What nbgrader calls for each notebook: thin hooks around `Grader.grade`."""

from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course.stamp import STAMP, stamp
from autograder.grading.grader import Grader
from autograder.grading.options import SolutionGrading
from autograder.judge.bounds import lab_in
from autograder.lab import DATASETS
from autograder.report.verdicts import verdicts_on, write_verdicts
from autograder.submissions.harmless import make_harmless
from autograder.submissions.job import files_in, job_of


class GradeSubmission(NbGraderPreprocessor):
    """Grades a notebook, and writes what nbgrader is to record. Its parent is a SubmissionExporter."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        student, name = resources["nbgrader"]["student"], resources["nbgrader"]["notebook"]
        exporter = self.parent
        job, earlier = exporter.at_hand.pop((student, name))
        result = exporter.grader.grade(job, earlier)
        if result is not earlier:
            exporter.store.keep(student, name, result)
        result.show(nb)
        make_harmless(nb)
        if job.unreadable or result.final:
            # `autograder grade` grades notebooks without a stamp again.
            timestamp = exporter.handed_in.timestamp(student)
            nb.metadata[STAMP] = stamp(job, timestamp, exporter.grader, self.config)
        verdicts = {}
        if exercise := exporter.grader.lab.exercises.get(name):
            verdicts = verdicts_on(nb, result, exercise, doubtful=bool(job.remarks))
            earned, maximum = write_verdicts(nb, verdicts)
            self.log.info("%s %s: %g of %g automatic points", student, name, earned, maximum)
        else:
            self.log.warning("Notebook %s is not part of the lab; it is not judged.", name)
        exporter.graded = job, verdicts
        return nb, resources


class GradeSolution(NbGraderPreprocessor):
    """Runs a sample solution with the full training, and shows the points that it would earn."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        name, folder = resources["nbgrader"]["notebook"], Path(resources["metadata"]["path"])
        options = SolutionGrading(config=self.config)
        lab, _ = lab_in(folder)
        with Grader(options, lab) as grader:
            result = grader.grade(job_of(name, nb, files_in(folder)))
        if result.incident:
            raise RuntimeError(f"The solution did not run to its end: {result.incident}")
        result.show(nb)
        if exercise := lab.exercises.get(name):
            write_verdicts(nb, verdicts_on(nb, result, exercise, doubtful=False))
        images = _IMAGES.get(options.images, f"the images in {Path(options.images).name}")
        note = _SOLUTION_NOTE.format(images=images)
        nb.cells.insert(0, new_markdown_cell(note, id="solution"))
        return nb, resources


_IMAGES = DATASETS | {"embedded": "scikit-learn's handwritten digits, enlarged to 28×28"}
_SOLUTION_NOTE = """> **Sample solution, for instructors and TAs.** Executed with the full training, on
> {images}. Numbers and pictures are those of these images; on others they differ a little."""
