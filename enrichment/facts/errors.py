"""Why a picture has no facts. The caller decides what follows; the service answers 413, 415 or 422."""


class PictureError(ValueError):
    """One line that says what is wrong with a picture, and a hint: what to do instead."""

    def __init__(self, message: str, *, hint: str) -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


class UnknownFormatError(PictureError):
    """It is in none of the formats that are read."""


class PictureTooLargeError(PictureError):
    """Reading it would take more memory or time than a picture may."""


class BrokenPictureError(PictureError):
    """It ends too early, or its content contradicts its format."""
