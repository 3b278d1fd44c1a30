"""The grading kernel.

`python -P -m autograder.kernel --images FILE --dataset NAME [--steps N] -f CONNECTION_FILE`
"""

import sys

from autograder.kernel.prepare import serve

serve(sys.argv[1:])
