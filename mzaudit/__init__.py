"""mzaudit: does the live Azure estate match its documentation?"""

__version__ = "0.1.0"
