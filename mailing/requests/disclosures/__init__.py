"""Disclosures: personal data that a law makes the operator hand to an authority (policy 6.2)."""
