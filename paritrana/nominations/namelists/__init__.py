"""Lists by name: read once in a limited process, counted, and gone. Only counts and reasons are kept."""
