"""The wiring into nbgrader: preprocessors and hooks, used from nbgrader_config.py alone."""
