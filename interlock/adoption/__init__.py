"""A platform that runs already, as a catalog: what is live becomes text to review. Pure: no file, no cloud."""
