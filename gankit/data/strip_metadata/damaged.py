"""The error for damage inside a picture of a known format."""


class Damaged(Exception):
    """The pixels of a picture cannot be read reliably; the message has the reason."""
