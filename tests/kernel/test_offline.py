"""Downloads fail with a remark; that there is no network is an incident."""

import inspect
import socket
import urllib.request

import pytest

from autograder.kernel import watchers

NOWHERE = "http://nowhere.invalid/x"


@pytest.mark.parametrize(
    "cell",
    [
        f"import urllib.request\nurllib.request.urlretrieve('{NOWHERE}', 'x.png')",
        f"import keras\nassert keras.utils.get_file('x.h5', '{NOWHERE}')",
        f"import tensorflow as tf\ntf.keras.utils.get_file('x.h5', origin='{NOWHERE}')",
        f"from tensorflow.keras.utils import get_file\nget_file('x.h5', origin='{NOWHERE}')",
    ],
)
def test_a_download_fails_softly(kernel, cell):
    assert not kernel.errors(cell)
    assert "no network" in watchers.current().incidents[0]


def test_a_failed_request_is_an_incident(kernel):
    assert kernel.errors(f"import requests\nrequests.get('{NOWHERE}')")
    assert "no network" in watchers.current().incidents[0]


def test_mnist_is_there_by_its_file_too(kernel):
    assert not kernel.errors(
        "import keras, numpy as np\n"
        f"with np.load(keras.utils.get_file('mnist.npz', origin='{NOWHERE}')) as data:\n"
        "    assert data['x_train'].shape[1:] == (28, 28)"
    )


def test_mnist_is_not_there_where_the_lab_has_another_dataset(kernel, monkeypatch):
    import keras
    import tensorflow as tf
    from keras.src.utils import file_utils

    from autograder.kernel import offline

    # As they are in a process that is not prepared yet.
    replaced = [(place, "get_file") for place in (keras.utils, tf.keras.utils, file_utils)]
    for place, name in [*replaced, (socket, "getaddrinfo"), (urllib.request, "urlretrieve")]:
        monkeypatch.setattr(place, name, inspect.unwrap(getattr(place, name)))
    offline.install(mnist=None)

    assert not kernel.errors(
        "import keras\n"
        f"path = keras.utils.get_file('mnist.npz', origin='{NOWHERE}', cache_dir='nothing')\n"
        "assert path == 'mnist.npz'"
    )
    assert "no network" in watchers.current().incidents[0]


def test_styles_have_their_former_names(kernel):
    assert not kernel.errors(
        "import matplotlib.pyplot as plt\nplt.style.use(['seaborn', 'seaborn-dark'])"
    )


def test_plot_model_stops_nothing(kernel):
    assert not kernel.errors(
        "import keras\nmodel = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\n"
        "from tensorflow.keras.utils import plot_model\n"
        "plot_model(model, show_shapes=True)\nkeras.utils.plot_model(model, to_file='model.png')"
    )
