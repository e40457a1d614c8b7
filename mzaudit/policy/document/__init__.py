"""The document that a policy restates: its sections, what was reviewed of them, and which requirements cite them."""
