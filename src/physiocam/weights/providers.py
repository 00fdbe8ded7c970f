"""ONNX Runtime's execution providers: on which device networks run."""

from collections.abc import Sequence

import onnxruntime

from physiocam.errors import PhysiocamError

# Names as users give them; what is to be installed for those that the usual package lacks.
_PROVIDERS = {
    "cpu": ("CPUExecutionProvider", "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "coreml": ("CoreMLExecutionProvider", "onnxruntime on a Mac"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "directml": ("DmlExecutionProvider", "onnxruntime-directml"),
}

PROVIDER_NAMES = tuple(_PROVIDERS)


def check_providers(providers: object) -> tuple[str, ...]:
    """Return the names of providers, in the order in which they are preferred.

    Parameters
    ----------
    providers : str or sequence of str

    Raises
    ------
    PhysiocamError
        If one is unknown, or none is given.
    """
    names = (providers,) if isinstance(providers, str) else providers
    if not isinstance(names, Sequence) or not names:
        raise PhysiocamError(f"providers is {providers!r}; expected names such as ('cuda', 'cpu')")
    for name in names:
        if name not in _PROVIDERS:
            raise PhysiocamError(f"provider is {name!r}; expected one of {', '.join(_PROVIDERS)}")
    return tuple(names)


def execution_providers(names: Sequence[str]) -> list[str]:
    """Return what ONNX Runtime calls these providers.

    Parameters
    ----------
    names : sequence of str
        As from `check_providers`. What they cannot run, the processor does.

    Raises
    ------
    PhysiocamError
        If the installed ONNX Runtime lacks one; the message says which it has, and what to install.

    Examples
    --------
    >>> execution_providers(["cpu"])
    ['CPUExecutionProvider']
    """
    there = onnxruntime.get_available_providers()
    for name in names:
        provider, package = _PROVIDERS[name]
        if provider not in there:
            known = ", ".join(each for each, (full, _) in _PROVIDERS.items() if full in there)
            raise PhysiocamError(
                f"provider '{name}' is not in the installed ONNX Runtime, which has {known}; install {package}, or "
                "leave providers out"
            )
    return list(dict.fromkeys([*(_PROVIDERS[name][0] for name in names), "CPUExecutionProvider"]))


def check_started(session: onnxruntime.InferenceSession, names: Sequence[str]) -> None:
    """Make sure that a session runs on the provider that is preferred.

    Raises
    ------
    PhysiocamError
        If ONNX Runtime could not start it, and fell back to the processor.
    """
    provider, _ = _PROVIDERS[names[0]]
    if provider not in session.get_providers():
        raise PhysiocamError(
            f"provider '{names[0]}' could not be started: ONNX Runtime found no device or no driver for it; "
            "leave providers out to run on the processor"
        )
