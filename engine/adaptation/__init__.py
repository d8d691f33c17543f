"""What a policy team does with profiles: look, check itself against the paper, compare, begin."""
