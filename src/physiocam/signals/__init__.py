"""Waveforms and rates: filters, spectral rates and their quality."""
