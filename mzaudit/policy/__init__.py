"""What we want: the documented desired state as data, its requirements and waivers."""
