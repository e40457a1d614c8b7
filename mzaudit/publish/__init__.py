"""Comments on pull requests, and their statuses: the only room that writes to another system.

Nothing here decides anything: it tells a pull request what a report says, and what it could not tell it says so.
"""
