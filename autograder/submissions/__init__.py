"""From a folder that may hold anything to a `Job`; from an executed notebook to one safe to show."""
