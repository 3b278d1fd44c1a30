"""A stand-in replaces a module that this machine lacks, and a person is told the module's name."""

import ast

import pytest

from autograder.kernel import watchers

TIDY = """
import ast, sys
from keras import layers as L, models

def f():
    from os.path import join
    return join("a", "b")
"""


def incidents():
    return watchers.current().incidents


def test_the_notebook_goes_on_without_a_module_that_is_not_installed(kernel):
    assert not kernel.errors(
        "import wandb\n"
        "from wandb.keras import WandbCallback as callback\n"
        "import foo.bar as bar, numpy as np\n"
        "wandb.init(project='x')\n"
        "wandb.config.epochs = 10\n"
        "assert wandb.config.epochs == 10 and np.ones(1).sum() == 1",
        "def f():\n    from baz import z\n    return z.run()\n"
        "with f() as run:\n    run.log({'loss': 1})\n"
        "class Mine(callback):\n    def __init__(self):\n        super().__init__(3)\n"
        "Mine()",
    )
    assert [name for what in incidents() for name in ("wandb", "foo", "baz") if f"'{name}'" in what] == [
        *("wandb", "foo", "baz")
    ]


def test_a_stand_in_lets_pass_what_is_given_to_it(kernel):
    assert not kernel.errors(
        "from bars import bar, jit\n"
        "assert list(bar([1, 2], desc='x')) == [1, 2]\n"
        "@jit\ndef f():\n    return 3\n"
        "@jit(nopython=True)\ndef g():\n    return 4\n"
        "assert (f(), g()) == (3, 4)"
    )


def test_nothing_can_be_computed_with_a_stand_in(kernel):
    (error,) = kernel.errors("import wandb\nx = 1 + wandb.best")
    assert "TypeError" in error
    assert "'wandb'" in incidents()[0]


@pytest.mark.parametrize("caught", ["ImportError", "ModuleNotFoundError", "(KeyError, ImportError)", ""])
def test_a_cell_that_handles_the_failure_gets_no_stand_in(kernel, caught):
    assert not kernel.errors(
        f"try:\n    import google.colab\n    here = 1\nexcept {caught}:\n    here = 0\nassert not here",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import wandb\n"
        "assert 'wandb' not in globals()",
    )
    assert not incidents()


def test_a_handler_of_other_errors_does_not_prevent_a_stand_in(kernel):
    assert not kernel.errors("try:\n    import wandb\nexcept ValueError:\n    pass\nwandb.init()")


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("from keras.layers import Foo", "ImportError"),
        ("import keras.foo", "ModuleNotFoundError"),
        ("from tensorflow.keras.layers.foo import Conv2D", "ModuleNotFoundError"),
    ],
)
def test_what_a_package_that_is_there_lacks_is_the_students_error(kernel, cell, error):
    (found,) = kernel.errors(cell)
    assert found.startswith(error)
    assert not incidents()


def test_a_cell_that_dies_for_want_of_a_module_is_an_incident(kernel):
    assert kernel.errors(
        "import sys\nsys.path.insert(0, '')\n"
        "with open('own.py', 'w') as f:\n    f.write('import wandb')\n"
        "try:\n    import own\nfinally:\n    sys.path.pop(0)"
    )
    assert kernel.errors("import importlib\nimportlib.import_module('wandb')")
    assert "'wandb'" in incidents()[0]


def test_files_beside_the_notebook_are_imported_as_ever(kernel):
    assert not kernel.errors(
        "import sys\nsys.path.insert(0, '')\n"
        "with open('helpers1.py', 'w') as f:\n    f.write('value = 7')\n"
        "from helpers1 import *\nimport helpers1\nassert value == helpers1.value == 7\nsys.path.pop(0)"
    )


def test_a_stand_in_is_a_callback_that_does_nothing(kernel):
    assert not kernel.errors(
        "import keras, numpy as np\nfrom livelossplot import PlotLossesKeras\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])\n"
        "model.compile('sgd', 'mse')\nx = np.zeros((100, 2))\n"
        "from tqdm.keras import TqdmCallback\nfrom keras.callbacks import TensorBoard\n"
        "callbacks = [PlotLossesKeras(), TqdmCallback(), TensorBoard()]\n"
        "history = model.fit(x, x, verbose=0, callbacks=callbacks)\n"
        "assert len(history.history['loss']) == 1"
    )


def test_imports_that_succeed_bind_what_they_did(kernel):
    assert not kernel.errors(TIDY + "\nassert ast.parse and models and L.Dense and f() == 'a/b'")


def test_an_error_names_the_line_it_is_on():
    from autograder.kernel.absent import GuardImports

    tree = GuardImports().visit(ast.parse("x = 1\nimport foo\ny = 2"))
    assert {node.lineno for node in ast.walk(tree.body[1]) if hasattr(node, "lineno")} == {2}
