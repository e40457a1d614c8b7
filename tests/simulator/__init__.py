"""Tests of the fake Azure, with the real clients over real sockets."""
