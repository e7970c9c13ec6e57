"""Bundles: everything that is held about one person, as one file for them to take along."""
