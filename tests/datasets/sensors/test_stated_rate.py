import pytest

from physiocam.datasets.sensors.stated_rate import stated_rates


@pytest.mark.parametrize(
    ("comment", "rates"),
    [
        ("ppg, notch filter 50 hz, sampling rate 64 hz", {64}),
        ("notch 50 hz, fs 64", {64}),
        ("notch 50 hz fs=64 gain=2", {64}),
        ("screen 60hz", set()),
        ("low-pass 10 hz", set()),
        ("64 samples per second", {64}),
        ("recorded with 64 samples/s, 16 bit", {64}),
        ("samples per second: 64", {64}),
        ("filtered 0.5-8 hz", set()),
        ("ppg 0.5-8 hz", set()),
        ("resampled from 128 hz to 64 hz", {64}),
        ("resampled from 128 hz", set()),
        ("original sampling rate 128 hz, resampled to 64 hz", {64}),
        ("rate: 72", set()),
        ("heart rate: 72", set()),
        ("frequency: 1.2", set()),
        ("frame rate: 30 hz", set()),
        ("camera fs: 30", set()),
        ("ecg sampling rate 512 hz, ppg sampling rate 64 hz", {64}),
        ("fs 64, sampling rate 128 hz", {64, 128}),
        ("sampling rate (hz): 30.098", {30.098}),
        ("sampling rate [khz]: 1", {1000}),
        ("sampling frequency of the ppg sensor is 0.5 khz.", {500}),
        ("sampled at 64 hz", {64}),
        ("sampling rate (hz),64", {64}),
        ("sampling_freq_hz: 64", {64}),
        ("fs:\t64", {64}),
        ("64 hz sampling rate", {64}),
        ("notch 50 hz sampling rate 64 hz", {64}),
        ("led sampling rate 200 hz", set()),
        ("sampling_frequency=64", {64}),
        ("sampling rate 3840/min", set()),
        ("sampling rate 3840 per minute", set()),
        ("sampling rate 60-64 hz", set()),
        ("sampling rate 1,000 hz", set()),
        ("sampling interval: 15.6 ms", set()),
        ("fs 15.6 ms", set()),
        ("fs: 64 mhz", set()),
        ("ppg 64 hz", {64}),
        ("pulse wave: 64 hz", {64}),
        ("64 hz", {64}),
        ("ppg near a 50 hz supply", set()),
        ("64", set()),
    ],
)
def test_a_comment_states_a_rate_only_if_it_says_so(comment: str, rates: set[float]) -> None:
    assert stated_rates(comment, is_column=False) == rates


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("64", {64}),
        ("pulse 64 hz", {64}),
        ("pulse [64hz]", {64}),
        ("ppg_64hz", {64}),
        ("ppg1 64 hz", {64}),
        ("ppg 0.064 khz", {64}),
        ("ppg fs=64", {64}),
        ("ppg_fs: 64", {64}),
        ("sampling_rate: 64", {64}),
        ("ppg (0.5-8 hz)", set()),
        ("ppg 0.5 hz 8 hz", set()),
        ("ppg lowpass 8 hz", set()),
        ("ppg_notch50hz", set()),
        ("hr 1.2 hz", set()),
        ("heart rate 1.2 hz", set()),
        ("ppg (<8 hz)", set()),
        ("rate: 72", set()),
        ("ppg (0.5-8 hz) fs=64", {64}),
    ],
)
def test_a_column_states_a_rate_by_one_number_in_hz(name: str, rates: set[float]) -> None:
    assert stated_rates(name, is_column=True) == rates
