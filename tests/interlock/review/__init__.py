"""The review of a change: cases that people read, and properties."""
