"""Whole ways through the product, in a real browser: the demo's processes, from one end to the other."""
