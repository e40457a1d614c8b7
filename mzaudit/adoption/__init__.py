"""A policy drafted from what is there: every line of it was seen, or says that it is guessed and why."""
