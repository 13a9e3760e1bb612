"""The way to the target: one bounded exec over SSH or on this box, the survey, the guard."""
