"""Words for people that the core and the services name without translating them."""


def N_(message: str) -> str:
    """Mark `message` for the catalogue and return it unchanged; the page that shows it translates it."""
    return message
