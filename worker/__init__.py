"""Door 2: a wake-up in, one verb of the domain, the outcome recorded; the SMTP engine."""
