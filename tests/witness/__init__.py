"""Outside witnesses: clients that know nothing of mzaudit say what they find in the simulated estate."""
