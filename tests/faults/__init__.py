"""The fault campaign: everything around the product fails, and its promise is judged."""
