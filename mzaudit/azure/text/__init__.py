"""Configuration text, read without keeping it: containers, compose files, credential shapes, sealed values."""
