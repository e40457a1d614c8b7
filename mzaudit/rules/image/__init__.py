"""Container images: where they come from and what tags them (IMG)."""
