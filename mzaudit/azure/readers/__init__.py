"""One reader a service: from Azure's JSON to facts and gaps of the snapshot."""
