"""Measurements, as ratios in one run on one machine; `make bench` prints them. Nothing here is a test."""
