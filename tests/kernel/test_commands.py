"""Magics and commands that cannot work here leave a remark, and the cell goes on."""

import os

import pytest

from autograder.kernel import watchers


@pytest.mark.parametrize(
    "line",
    [
        "!nvidia-smi",
        "!pip install -q tensorflow",
        "!python -m pip install --upgrade keras && echo done",
        "!sudo apt-get -qq install graphviz",
        "%pip install -q tensorflow",
        "%conda install keras",
        "%load_ext tensorboard",
        "%load_ext lab_black",
        "%tensorboard --logdir logs",
        "%tensorflow_version 2.x",
        "%some_magic of an extension",
        "found = !nvidia-smi",
        "found = !pip list && pip install wandb",
        "!sleep 0 &",
        "%matplotlib widget",
    ],
)
def test_the_cell_goes_on(kernel, line):
    assert not kernel.errors(f"{line}\nafter = 1", "assert after")


def test_nothing_is_installed(kernel, capsys):
    assert not kernel.errors("!pip install something-that-is-nowhere")
    assert "[grading] nothing is installed here" in capsys.readouterr().out
    assert os.environ["PIP_NO_INDEX"] == "1"


def test_a_failed_download_is_an_incident(kernel):
    assert not kernel.errors("!wget -q http://127.0.0.1:9/x.png", "!curl -s file:///dev/null")
    (what,) = watchers.current().incidents
    assert "wget" in what


def test_the_body_of_an_unknown_cell_magic_runs(kernel):
    assert not kernel.errors("%%wandb\nx = 17", "assert x == 17", "%%html_of_an_extension\n<b>")
    (error,) = kernel.errors("%%wandb\nx = 1 / 0")
    assert "ZeroDivisionError" in error


@pytest.mark.parametrize("cell", ["%time 1 / 0", "%%time\n1 / 0"])
def test_errors_of_the_students_own_code_are_errors(kernel, cell):
    (error,) = kernel.errors(cell)
    assert "ZeroDivisionError" in error


def test_a_script_of_the_system_that_fails_does_not_stop_the_notebook(kernel):
    assert not kernel.errors("%%bash\nfalse", "%%sh\nnvidia-smi")


def test_magics_see_the_cells_variables(kernel):
    assert not kernel.errors(
        "a = 5\nx = !echo {a} $a\nassert x == ['5 5']", "%time b = a\nassert b == 5"
    )


def test_figures_are_inline_whatever_backend_is_asked_for(kernel):
    assert not kernel.errors(
        "%matplotlib notebook\nimport matplotlib\nassert 'inline' in matplotlib.get_backend()"
    )
