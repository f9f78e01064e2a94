"""When things happen: minutes, days, collisions, what a hold changes ahead. Pure, and not deployed."""
