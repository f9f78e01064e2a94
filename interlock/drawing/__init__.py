"""A day as people see it: a line of text, a picture, and the page that the repository carries."""
