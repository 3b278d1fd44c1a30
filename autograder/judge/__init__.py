"""The judge: from evidence to verdicts. It never runs a student's code and needs no notebook."""
