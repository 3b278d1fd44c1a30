"""The example submissions, and the demonstration that grades them (`run_demo`)."""
