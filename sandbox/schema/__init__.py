"""What objects and fields the org has, in the words of a describe."""
