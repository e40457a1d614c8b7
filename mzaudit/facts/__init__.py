"""What several rules ask of a snapshot beyond its fields: an app's images, its settings' references, secret values."""
