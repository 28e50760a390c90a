"""What can go wrong with a mosaic, for people: one line that says what is wrong, one line what to do next."""


class MosaicError(Exception):
    """What is wrong, and a hint: what to do next."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class PoolError(MosaicError):
    """The pictures that mosaics are to be made of cannot be used."""


class UnknownError(MosaicError):
    """There is no such mosaic, or no longer."""


class BusyError(MosaicError):
    """More is asked for than is computed at a time."""
