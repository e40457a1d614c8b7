"""Before a run: the roles that the auditing identity needs, what the caller has of them, and what each lack costs."""
