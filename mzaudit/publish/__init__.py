"""Comments on pull requests and their statuses, tickets, messages: the only package that writes to another system.

Nothing here decides anything: it tells people what a report says, and what it could not tell it says so.
"""
