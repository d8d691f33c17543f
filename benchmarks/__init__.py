"""Figures for the goals of speed, M1 to M10; `make bench` prints them and writes them down."""
