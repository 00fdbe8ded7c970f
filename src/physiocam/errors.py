"""The errors that physiocam raises on purpose."""

from physiocam.readable import readable


class PhysiocamError(Exception):
    """Base of every error with a message meant for the user.

    The message is one line: the value that is wrong, what was expected, and the next step. The command line
    prints it as it is; anything that is not a `PhysiocamError` is a bug of physiocam. File names in it may be any
    bytes; the message can be written anywhere all the same.
    """

    def __str__(self) -> str:
        return readable(super().__str__())


class VideoError(PhysiocamError):
    """A source that cannot be opened, or has no frame that can be decoded."""


class BundleError(PhysiocamError):
    """A bundle that is missing, incomplete, altered or not understood."""


class DatasetError(PhysiocamError):
    """A data set, a recording of one, or a store of prepared recordings cannot be read or written."""
