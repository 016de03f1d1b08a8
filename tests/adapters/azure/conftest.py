"""An imitated Azure for each test."""

from tests.azure_world import azure, azure_files

__all__ = ["azure", "azure_files"]
