"""What grading costs, measured beside what it is compared with, and how well it grades."""
