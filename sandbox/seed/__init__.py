"""What a new org holds: `empty` (its users and nothing else) or `demo`. The same every time."""
