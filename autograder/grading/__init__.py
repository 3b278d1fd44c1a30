"""From a `Job` to a `Result`: `grader.Grader.grade` runs a notebook and judges it."""
