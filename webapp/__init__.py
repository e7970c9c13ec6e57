"""The first door: HTTP in, one verb of the domain, HTTP out."""
