"""The picture of the estate: topology, status of each element and layout."""
