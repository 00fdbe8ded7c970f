# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A first measurement
#
# A clip whose pulse and breathing are known is generated, measured, and looked at from all sides. With a video of your
# own, leave the first cell out and give its name to `physiocam.measure`.
#
# Open it with Jupyter and [jupytext](https://jupytext.readthedocs.io), or make a notebook of it with
# `jupytext --to ipynb first_measurement.py`. It needs physiocam with the extras `demo`, `pandas` and `report`.

# %%
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import physiocam
from physiocam.synthetic.portrait import SyntheticClip, demo_clip
from physiocam.video.writer import write_video

folder = Path("first_measurement")
folder.mkdir(exist_ok=True)

large = demo_clip()
x, y, size = large.face
settings = replace(large.settings, duration_s=24.0, fs=20.0, pulse_strength=0.012, light_change=0.003)
clip = SyntheticClip(np.ascontiguousarray(large.portrait[::2, ::2]), (x / 2, y / 2, size / 2), settings)
write_video(folder / "clip.mp4", clip.frames(), clip.fs)

# %% [markdown]
# ## Measure it
#
# One call. The answer has every rate with its unit and its quality between 0 and 1; a notebook shows it as a table.

# %%
measurement = physiocam.measure(folder / "clip.mp4")
measurement

# %% [markdown]
# How far is it from the truth?

# %%
for name, rate, true in (
    ("heart rate", measurement.heart_rate, clip.heart_rate),
    ("breathing rate", measurement.breathing_rate, clip.breathing_rate),
):
    found = rate.note if rate.value is None else f"{rate.value:.1f} {rate.unit}, quality {rate.quality:.2f}"
    print(f"{name}: true {true:.1f}, measured {found}")

# %% [markdown]
# ## Look at it
#
# Which part of the picture was measured: the square around the face, in one of the frames.

# %%
_, axes = plt.subplots(figsize=(4, 3))
axes.imshow(next(clip.frames()))
left, top, side = measurement.face_squares[0]
axes.plot([left, left + side, left + side, left, left], [top, top, top + side, top + side, top], color="yellow")
axes.set_axis_off()
# %% [markdown]
# Waveforms, rates along the recording, and action units:

# %%
measurement.plot()

# %% [markdown]
# ## Go on with it
#
# A row a frame, under names that users of NeuroKit2 and OpenFace know. `AU12_p` is the probability of a smile.

# %%
table = measurement.to_frame()
table[["timestamp", "success", "PPG_Clean", "PPG_Rate", "RSP_Clean", "AU12_p", "AU12_c"]].iloc[::40]

# %% [markdown]
# The files, and how to read them again:

# %%
measurement.write(folder / "results")
again = physiocam.Measurement.load(folder / "results")
print(sorted(path.name for path in (folder / "results").iterdir()))
print(again.heart_rate)

# %% [markdown]
# ## When there is no answer
#
# A rate that a video does not carry is not measured, and a note says why. Noise has no face:

# %%
noise = np.random.default_rng(0).integers(0, 256, (200, 120, 160, 3), dtype=np.uint8)
physiocam.measure(noise, fs=20.0)

# %% [markdown]
# ## By another way
#
# Classical methods need no network for the pulse. They give the heart rate alone.

# %%
for method in ("pos", "chrom", "green"):
    rate = physiocam.measure(folder / "clip.mp4", method=method).heart_rate
    print(f"{method:6} {rate.note if rate.value is None else f'{rate.value:.1f}'} ({rate.quality:.2f})")
