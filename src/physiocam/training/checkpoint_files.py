"""Checkpoints that appear when they are complete: after a kill or with a full disk the previous one is still there."""

import io
import os
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from physiocam.foundation.files import complete_file


class CompleteCheckpoints(TorchCheckpointIO):
    """Writes Lightning's checkpoints to a temporary name, and renames them."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | os.PathLike[str],
        storage_options: Any | None = None,  # noqa: ARG002
    ) -> None:
        """Write a checkpoint.

        Raises
        ------
        PhysiocamError
            If it cannot be written.
        """
        # PyTorch's own error for a full disk only names a place in its code.
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with complete_file(path) as beside:
            # Not a view of the buffer: an error's traceback would hold it, and Python 3.13 complains at the end.
            beside.write_bytes(content.getvalue())
