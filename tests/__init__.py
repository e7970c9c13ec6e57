"""The tests tell the story, on real parts."""
