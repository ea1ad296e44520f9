"""Rules on plain values: field maps, value maps, stage maps, converters, write rules."""
