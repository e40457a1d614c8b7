"""What we saw: frozen facts, gaps where we could not look, and the file that keeps them."""
