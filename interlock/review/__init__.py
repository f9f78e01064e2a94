"""What a change of the catalog means: `review.py` has it all as one value, `comment.py` writes that for a pull request."""
