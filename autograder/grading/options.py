"""How the submissions of a course are graded: what its configuration decides."""

from traitlets import Bool, Enum, Float, Integer, Unicode
from traitlets.config import Configurable

from autograder.lab import TEST_IMAGES, TRAIN_IMAGES

MIB = 2**20


class Grading(Configurable):
    """The options of a course, set in nbgrader_config.py as `c.Grading.<name>`."""

    images = Unicode(
        "embedded",
        help="The images to grade on: 'embedded' (scikit-learn's digits, no download), 'mnist' or "
        "'fashion_mnist' (the copy in Keras's cache) or the path of an .npz file with MNIST's arrays.",
    ).tag(config=True)
    train_images = Integer(
        TRAIN_IMAGES,
        min=1000,
        help="How many images stand in for the dataset's training set. Few make tests fast.",
    ).tag(config=True)
    test_images = Integer(
        TEST_IMAGES, min=500, help="How many images stand in for the dataset's test set."
    ).tag(config=True)

    # Seconds of the notebook's own clock, see `autograder.sandbox.clock`.
    cell_timeout = Integer(
        300,
        help="Seconds that one cell may take, not counting those in which others have the processor.",
    ).tag(config=True)
    notebook_timeout = Integer(900, help="Seconds that one notebook may take, counted likewise.").tag(
        config=True
    )
    startup_timeout = Integer(180, help="Seconds that the kernel may take to start.").tag(config=True)
    iopub_timeout = Integer(30, help="Seconds to wait for a cell's last outputs.").tag(config=True)
    judge_timeout = Float(120, help="Seconds the judge may take over the evidence of one notebook.").tag(
        config=True
    )

    max_output_mib = Integer(
        20, help="Output that a notebook may show, in MiB; what is more is left out."
    ).tag(config=True)
    full_training = Bool(
        False, help="Train all the steps a notebook asks for, as the solution notebooks do."
    ).tag(config=True)

    sandbox = Enum(
        ["auto", "required", "off"],
        "auto",
        help="Whether submissions run in bubblewrap: 'auto' where it works, and saying so where it "
        "does not; 'required' refuses to grade without it; 'off'.",
    ).tag(config=True)
    preloaded = Bool(
        True,
        help="Whether kernels are forked from one process that has imported TensorFlow (Linux), in "
        "place of importing it anew for each notebook.",
    ).tag(config=True)
    kernel_memory_mib = Integer(
        4096, help="Memory that a notebook may use, all its processes together, in MiB."
    ).tag(config=True)
    kernel_processes = Integer(
        300, help="Processes and threads that a notebook may have (in the sandbox)."
    ).tag(config=True)
    kernel_disk_mib = Integer(
        512, help="Files that a notebook may write, in MiB (in the sandbox, where they lie in memory)."
    ).tag(config=True)

    @property
    def limits(self) -> tuple[int, ...]:
        """The limits that a notebook meets while it runs."""
        return (
            *(self.cell_timeout, self.notebook_timeout, self.iopub_timeout, self.max_output_mib),
            *(self.kernel_memory_mib, self.kernel_processes, self.kernel_disk_mib),
        )


class SolutionGrading(Grading):
    """The options with which sample solutions run: with all of their training, which takes longer."""

    cell_timeout = Integer(3600, help="As for submissions.").tag(config=True)
    notebook_timeout = Integer(7200, help="As for submissions.").tag(config=True)
    full_training = Bool(True, help="As for submissions.").tag(config=True)
