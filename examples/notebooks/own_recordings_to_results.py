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
# # From a folder of recordings to results
#
# A small study: a folder of videos with what a sensor said of each, all of them measured, the errors beside how many
# were answered, and one long table for statistics. It needs physiocam with the extras `demo`, `pandas` and `report`.
#
# ## The recordings
#
# Here four clips are generated, so that the notebook runs by itself. A folder of your own looks the same: videos, and a
# `recordings.csv` with a row a video (docs/data.md has all columns that it may have).

# %%
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import physiocam
from physiocam.synthetic.portrait import SyntheticClip, demo_clip
from physiocam.video.writer import write_video

folder, results = Path("my_recordings"), Path("my_results")
folder.mkdir(exist_ok=True)

large = demo_clip()
portrait = np.ascontiguousarray(large.portrait[::2, ::2])
x, y, size = large.face
rows = []
for number, (heart_rate, breathing_rate) in enumerate([(58, 12), (66, 18), (74, 15), (95, 20)]):
    settings = replace(
        large.settings,
        duration_s=16.0,
        fs=20.0,
        heart_rate=heart_rate,
        breathing_rate=breathing_rate,
        pulse_strength=0.01,
        light_change=0.003,
        seed=number,
    )
    clip = SyntheticClip(portrait, (x / 2, y / 2, size / 2), settings)
    write_video(folder / f"clip{number}.mp4", clip.frames(), clip.fs)
    rows.append({"video": f"clip{number}.mp4", "subject": "A" if number < 2 else "B", "heart_rate": clip.heart_rate})
pd.DataFrame(rows).to_csv(folder / "recordings.csv", index=False)

# %% [markdown]
# ## Measure them all
#
# Each video gets a folder of its own, and all of them one table. Stopped and started again, it measures only what is
# new or has changed. `jobs=4` would measure four at a time (extra `cluster`).

# %%
outcomes = physiocam.measure_many(folder, results)
for outcome in outcomes:
    print(outcome.folder, outcome.error or "measured")

# %% [markdown]
# ## Against the sensor

# %%
measured = pd.read_csv(results / "summary.csv")
measured["video"] = [Path(path).name for path in measured["video"]]
known = pd.read_csv(folder / "recordings.csv")
study = known.merge(measured[["video", "heart_rate_value", "heart_rate_quality"]], on="video")
study["error"] = study["heart_rate_value"] - study["heart_rate"]
study.round(2)

# %% [markdown]
# An error means little without how many were answered at all. Rates of a quality under 0.2 are guesses.

# %%
sure = study[study["heart_rate_quality"] >= 0.2].dropna(subset="error")
print(f"answered {len(sure)} of {len(study)}, mean absolute error {sure['error'].abs().mean():.2f} beats/min")

# %%
picture, axes = plt.subplots(figsize=(4.5, 3.5), layout="constrained")
axes.axline((70, 70), slope=1, color="grey", linewidth=1)
points = axes.scatter(study["heart_rate"], study["heart_rate_value"], c=study["heart_rate_quality"], vmin=0, vmax=1)
axes.set_xlabel("sensor (beats/min)")
axes.set_ylabel("physiocam (beats/min)")
_ = picture.colorbar(points, label="quality")
# %% [markdown]
# ## One long table
#
# What was written is read again, without measuring: a row a frame of every recording.

# %%
frames = pd.concat(
    {Path(outcome.video).stem: outcome.measurement().to_frame() for outcome in outcomes if not outcome.error},
    names=["recording", "frame"],
)
frames.to_csv(results / "frames.csv")
frames.groupby("recording")[["AU06_p", "AU12_p", "PPG_Quality"]].mean().round(2)

# %% [markdown]
# ## What a paper must say
#
# By what it was measured: the version, and the weights by their checksum.

# %%
first = outcomes[0].measurement()
assert first.weights is not None
print(f"physiocam {first.version}, weights '{first.weights.name}' (sha256 {first.weights.sha256[:12]})")
