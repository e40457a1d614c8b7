"""The inside of the simulated databases, and TDS, the protocol by which it is reached."""
