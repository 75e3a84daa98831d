"""Skip: a reference case without a counterpart."""


class Skip(Exception):  # noqa: N818 (no error)
    """A case that graphnet has no counterpart for; the message is the reason."""
