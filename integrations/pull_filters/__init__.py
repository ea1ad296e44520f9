"""Pull filters (spec C12): which records of an object are pulled whole."""
