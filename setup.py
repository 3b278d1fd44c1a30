"""Builds a wheel that holds the course of this checkout as well, in a package of its own."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

COURSE = "autoencoder_lab"
"""The package of the course: what lies in `autograder` is the grader's fingerprint."""


class BuildWithCourse(build_py):
    """Copies the course beside the package; an editable installation has the checkout itself."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, COURSE)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree("source", target / "source", ignore=shutil.ignore_patterns(".*"))
        shutil.copy("nbgrader_config.py", target)
        # What a lab file may say.
        (target / "docs").mkdir()
        shutil.copy("docs/LAB_FILE.md", target / "docs")


setup(cmdclass={"build_py": BuildWithCourse})
