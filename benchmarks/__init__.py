"""Figures for the goals M1, M1b, M2 and M3; `make bench` prints them and writes them down."""
