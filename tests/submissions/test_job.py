"""A job travels as bytes, with the files beside the notebook that its code may use."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.submissions.job import Job, files_in, job_of
from autograder.submissions.packed import FormatError

JOB = Job(
    "autoencoder",
    new_notebook(cells=[new_code_cell("1", id="one")]),
    files={"a/b.bin": b"\0\xff"},
    executable=("a/b.bin",),
    remarks=("it was renamed",),
)


def test_a_job_comes_back_from_bytes_as_it_was():
    assert Job.from_bytes(JOB.to_bytes()) == JOB


def test_other_bytes_are_no_job():
    with pytest.raises(FormatError):
        Job.from_bytes(JOB.to_bytes()[:-5])


def test_files_are_those_that_code_may_use(tmp_path):
    for name in ("helper.py", "sub/data.csv", "autoencoder.ipynb", "timestamp.txt", "sub/run.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "sub/run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("helper.py")
    job = job_of("autoencoder", new_notebook(), files_in(tmp_path))
    assert set(job.files) == {"helper.py", "sub/data.csv", "sub/run.sh"}

    job.write_files(tmp_path / "copy")
    assert (tmp_path / "copy" / "sub" / "data.csv").read_bytes() == b"sub/data.csv"
    assert (tmp_path / "copy" / "sub" / "run.sh").stat().st_mode & 0o100
    assert not (tmp_path / "copy" / "helper.py").stat().st_mode & 0o100
