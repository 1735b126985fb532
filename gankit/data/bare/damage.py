"""What is wrong inside a picture of a known kind."""


class Damaged(Exception):
    """The pixels of a picture cannot be read for sure; the text says what is wrong."""
