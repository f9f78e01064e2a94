"""The board: what is held, why, until when, and the day ahead, as one page of HTML and as JSON. Pure."""
