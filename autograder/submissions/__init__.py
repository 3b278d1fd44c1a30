"""From a folder that may hold anything to a `Job`, and from a run notebook to one that is safe to show."""
