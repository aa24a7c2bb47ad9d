"""What a worker does for each kind of task: from a claim to what its success changes."""
