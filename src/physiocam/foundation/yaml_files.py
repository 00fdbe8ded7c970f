"""Settings in YAML files."""

import os
from pathlib import Path
from typing import Any

import yaml

from physiocam.errors import PhysiocamError
from physiocam.foundation.regular_files import read_file

# Invalid dates and numbers raise ValueError.
YAML_ERRORS = (yaml.YAMLError, ValueError, RecursionError)


def read_yaml(path: str | os.PathLike[str], example: str) -> dict[str, Any]:
    """Read a YAML file of fields and values.

    Parameters
    ----------
    path : path
    example : str
        A valid field, for the message.

    Raises
    ------
    PhysiocamError
        If the file cannot be read, is not YAML, or holds something else.
    """
    place = Path(path)
    try:
        content = yaml.safe_load(read_file(place).decode())
    except OSError as error:
        raise PhysiocamError(f"'{place}' cannot be read: {error.strerror}; give a YAML file of settings") from None
    except YAML_ERRORS as error:
        reason = " ".join(str(error).split())
        raise PhysiocamError(f"'{place}' is not YAML: {reason[:200]}") from None
    if not isinstance(content, dict):
        raise PhysiocamError(f"'{place}' holds {type(content).__name__}; expected fields such as '{example}'")
    return content


def yaml_text(values: dict[str, Any]) -> str:
    """Return fields and values as YAML, in their order.

    Examples
    --------
    >>> print(yaml_text({"method": "pos", "fs": None}), end="")
    method: pos
    fs: null
    """
    text: str = yaml.safe_dump(values, sort_keys=False)
    return text
