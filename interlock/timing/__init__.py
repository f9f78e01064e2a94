"""When things happen: fires, days, collisions, what holds change ahead. Pure, and not deployed."""
