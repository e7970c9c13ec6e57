"""`kelisim demo`: the main job walked on real parts, and every step verified on the sent bytes."""
