"""Snapshots as files: written, read (of earlier versions too), merged from parts, and compared."""
