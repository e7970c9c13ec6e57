"""The domain: consent, the gate, sending and evidence. It knows nothing of its doors."""
