"""Disks that are full or locked."""

from tests.disks import locked_folder, small_disk

__all__ = ["locked_folder", "small_disk"]
