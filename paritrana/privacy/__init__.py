"""Personal data: how long it is kept, what was destroyed, and what the person it is about may ask for."""
