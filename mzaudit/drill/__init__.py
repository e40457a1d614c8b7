"""The drift drill: proves a policy by bending the estate that it describes, fact by fact, and looking again."""

ESTATES = ("compliant", "drifted", "blind", "empty")
"""The names of simulated estates, besides large:N."""
