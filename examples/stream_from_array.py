"""Push frames from your own program, one by one, and get a measurement at any time.

    python examples/stream_from_array.py frames.npy --fs 30

Here they come from an array of shape (T, H, W, 3), uint8 RGB, which may be larger than the memory.
"""

import argparse

import numpy as np

import physiocam


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("frames", help=".npy file")
    parser.add_argument("--fs", type=float, default=30.0, help="frames per second")
    arguments = parser.parse_args()

    stream = physiocam.Stream(fs=arguments.fs, keep_s=60)
    for index, frame in enumerate(np.load(arguments.frames, mmap_mode="r")):
        stream.push(frame, timestamp_s=index / arguments.fs)
        if index and index % round(5 * arguments.fs) == 0:
            now = stream.measurement(last_s=10)
            smile = now.action_units["AU12"].mean_probability
            print(f"{index / arguments.fs:.0f} s: heart {now.heart_rate.value or 'unknown'}, AU12 {smile}")
    print(stream.measurement())


if __name__ == "__main__":
    main()
