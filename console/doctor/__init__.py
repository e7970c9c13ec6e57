"""`kelisim doctor`: one line for each part that sending needs."""
