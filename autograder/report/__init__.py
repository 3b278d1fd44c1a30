"""What people look at: the verdict on each criterion, its panel, and the gradebook as a table."""
