"""From a finished run to model packages: export, 8 bits, another calibration."""
