"""Action units as a table of a row a frame, and as a picture of a row a unit.

    python examples/action_units_as_table.py interview.mp4 action_units.csv action_units.png

Needs the extras `pandas` and `report`.
"""

import argparse

from matplotlib.figure import Figure

import physiocam


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("video")
    parser.add_argument("table", help="CSV file to write")
    parser.add_argument("picture", help="PNG or SVG file to write")
    arguments = parser.parse_args()

    frames = physiocam.measure(arguments.video).to_frame()
    units = [column for column in frames if column.endswith("_p")]
    frames[["timestamp", "success", *units]].to_csv(arguments.table)
    print(frames[units].mean().round(2).to_string())

    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    extent = (0, float(frames["timestamp"].iloc[-1]), len(units), 0)
    image = axes.imshow(frames[units].T, aspect="auto", extent=extent, vmin=0, vmax=1, cmap="magma")
    axes.set_yticks([row + 0.5 for row in range(len(units))], [unit.removesuffix("_p") for unit in units])
    axes.set_xlabel("time (s)")
    figure.colorbar(image, label="probability")
    figure.savefig(arguments.picture)


if __name__ == "__main__":
    main()
