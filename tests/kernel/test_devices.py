"""A notebook finds the GPU or TPU that it asks for; TensorFlow and Keras do not."""

import pytest


@pytest.mark.parametrize(
    "cell",
    [
        "tf.config.experimental.set_memory_growth(tf.config.list_physical_devices('GPU')[0], True)",
        "assert tf.test.gpu_device_name() == '/device:GPU:0' and tf.test.is_gpu_available()",
        "gpu = tf.config.experimental.list_physical_devices('GPU')[0]\n"
        "tf.config.set_visible_devices(gpu, 'GPU')\ntf.config.set_visible_devices([], 'GPU')\n"
        "tf.config.set_logical_device_configuration(\n"
        "    gpu, [tf.config.LogicalDeviceConfiguration(memory_limit=1024)]\n)\n"
        "assert len(tf.config.list_logical_devices('GPU')) == 1",
        "with tf.device('/GPU:0'):\n    assert tf.reduce_sum(tf.ones(3)) == 3",
        "tf.config.threading.set_intra_op_parallelism_threads(2)",
        "import keras\n"
        "tpu = tf.distribute.cluster_resolver.TPUClusterResolver.connect(tpu='local')\n"
        "tpu = tf.distribute.cluster_resolver.TPUClusterResolver(tpu='')\n"
        "tf.config.experimental_connect_to_cluster(tpu)\n"
        "tf.tpu.experimental.initialize_tpu_system(tpu)\n"
        "strategy = tf.distribute.TPUStrategy(tpu)\n"
        "assert strategy.num_replicas_in_sync == 1\n"
        "with strategy.scope():\n"
        "    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\n"
        "    model.compile('sgd', 'mse')\n"
        "model.fit(tf.ones((9, 1)).numpy(), tf.ones((9, 1)).numpy(), verbose=0)",
    ],
)
def test_what_notebooks_do_to_have_one_succeeds(kernel, cell):
    assert not kernel.errors(f"import tensorflow as tf\n{cell}")


def test_libraries_see_what_there_is(kernel):
    import tensorflow as tf

    assert not tf.config.list_physical_devices("GPU")
    assert not tf.config.list_logical_devices("GPU")
