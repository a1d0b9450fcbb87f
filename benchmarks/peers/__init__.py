"""Other topic models on the same corpora, on one machine."""
