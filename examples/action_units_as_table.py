"""Write action units as a table with one row per frame, and draw the four most active ones.

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

    seconds = frames[units].groupby(frames["timestamp"].astype(int)).mean()
    means = seconds.mean().sort_values(ascending=False)
    print(means.round(2).to_string())
    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.subplots()
    for unit in means.index[:4]:
        axes.plot(seconds.index + 0.5, seconds[unit], label=unit.removesuffix("_p"))
    axes.set(xlabel="time (s)", ylabel="mean probability in each second", ylim=(0, 1))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(arguments.picture)


if __name__ == "__main__":
    main()
