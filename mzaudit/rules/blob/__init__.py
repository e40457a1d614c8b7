"""Blob storage: the snap container (BLOB)."""
