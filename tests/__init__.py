"""Tests; they mirror the rooms of `gallery`."""
