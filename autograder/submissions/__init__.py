"""From a folder that may hold anything to a `Job`; from an executed notebook to one that is safe to show."""
