"""Databases over TDS: connections, queries, and what their rows say."""
