"""Pacing: what the limits on sending stand on; `mailing.deliveries.pace` is asked by the engine."""
