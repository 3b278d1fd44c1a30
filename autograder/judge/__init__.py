"""The judge: from evidence to verdicts, without running a student's code or needing a notebook.

`criteria.judge_message` turns what a test cell published into a `verdict.Verdict` on its criterion,
compared with the images in a `reference.Reference`. A module for each criterion decides; `behaviour`
first checks that the network's layers are what they say.
"""
