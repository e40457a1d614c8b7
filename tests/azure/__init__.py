"""Tests of the door to Azure."""
