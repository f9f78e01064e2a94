"""The nouns: catalog, declaration, hold, window, schedule, graph. Frozen, typed, without a clock or a file."""
