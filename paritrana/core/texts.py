"""What a text may hold so that the database can keep it."""


def readable(text: str) -> bool:
    """Whether the database can keep `text` and give it back unchanged: no NUL, and no half of a character pair."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
