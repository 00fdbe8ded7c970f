"""From a set on disk to the store and back: what was put in is what training and evaluation read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("zarr")

from physiocam.datasets.check import check
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.store.prepare import PrepareSettings, prepare
from physiocam.datasets.store.store import Store
from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.layouts import LAYOUTS, write_layout
from physiocam.synthetic.recordings import settings_of

# Both data sets of UBFC-rPPG are read under one name.
READERS = {name: name.removesuffix("-1") for name in LAYOUTS}

SCENE = replace(settings_of("easy"), duration_s=5.0, expressions=60.0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_put_in_comes_back(layout: str, tmp_path: Path) -> None:
    if layout == "scamps":
        pytest.importorskip("h5py")
    scene = replace(SCENE, height=80, width=60) if layout == "bp4d" else replace(SCENE, height=60, width=80)
    truths = {one.name: one for one in write_layout(layout, tmp_path / "set", 2, settings=scene)}
    entries = open_dataset(READERS[layout], tmp_path / "set").entries()
    assert [found.problems for found in check(entries)] == [()] * len(truths)
    # All of the picture, so that no frame is left out for want of a face.
    settings = PrepareSettings(big_size=32, small_size=2, crop="center")
    assert [one.error for one in prepare(entries, tmp_path / "store", settings)] == [None] * len(truths)
    store = Store(tmp_path / "store")
    assert set(store.names()) == set(truths)
    for name, truth in truths.items():
        stored = store.recording(name)
        assert stored.problems() == []
        # Sets have more than what is drawn, such as the oxygen saturation; all that is drawn must be there.
        for signal in truth.signals:
            back, sensor = stored.signal(signal), truth.signals[signal]
            np.testing.assert_allclose(back.timestamps_s, sensor.timestamps_s, atol=2e-3)
            np.testing.assert_allclose(back.values, sensor.values, atol=2e-3 * max(np.abs(sensor.values).max(), 1))
        if truth.action_units is None:
            continue
        targets, masks = stored.column("targets/au"), stored.column("masks/au")
        codes, coded = truth.action_units.occurrence, truth.action_units.labels
        for column, label in enumerate(AU_LABELS):
            if label not in coded:
                assert not masks[:, column].any()
                continue
            put_in = codes[:, coded.index(label)]
            np.testing.assert_array_equal(masks[:, column], put_in >= 0)
            np.testing.assert_array_equal(targets[masks[:, column], column], put_in[put_in >= 0])
