"""`make conformance`: what we take for true of Google Cloud, asked of it or of its stand-in, as a report of both answers."""
