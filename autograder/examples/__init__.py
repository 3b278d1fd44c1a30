"""Example submissions, and the demonstration that grades them."""
