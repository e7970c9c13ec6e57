"""Door 3: the `kelisim` command, the embedded services and the demo."""
