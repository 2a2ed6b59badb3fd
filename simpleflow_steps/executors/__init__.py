"""What carries workflows out: one package for each executor, behind `protocol`."""
