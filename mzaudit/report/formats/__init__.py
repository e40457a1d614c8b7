"""One format a file: a function from a report to its text."""
