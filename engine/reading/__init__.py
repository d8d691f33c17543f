"""Read models: what the pages show, each in a bounded number of statements and through access."""
