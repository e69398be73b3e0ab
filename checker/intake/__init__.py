"""From what a student hands in to a Submission. The only place where a stranger's code runs, and then in the
sandbox."""
