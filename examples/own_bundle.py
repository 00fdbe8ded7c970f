"""Show the description of a bundle of weights, and measure with it.

    python examples/own_bundle.py runs/first/bundle interview.mp4

A bundle is a folder, from `physiocam train` or from `physiocam weights import` of a checkpoint.
"""

import argparse

import physiocam


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", help="folder or name")
    parser.add_argument("video")
    arguments = parser.parse_args()

    bundle = physiocam.load_bundle(arguments.bundle)
    print(f"{bundle.info.name} ({bundle.info.licence}): {bundle.info.description}")
    print(f"sha256 {bundle.sha256}, made for {bundle.info.fs:g} frames a second")
    for name in bundle.tasks:
        task = bundle.task(name)
        print(f"{name}: {', '.join(task.labels) if task and task.kind == 'binary' else 'a waveform'}")
    # Loaded once, it serves any number of recordings.
    print(physiocam.measure(arguments.video, weights=bundle))


if __name__ == "__main__":
    main()
