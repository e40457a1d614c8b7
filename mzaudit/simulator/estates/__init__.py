"""Simulated estates: what exists, as wire JSON and database contents."""
