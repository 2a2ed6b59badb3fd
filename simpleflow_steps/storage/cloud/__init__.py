"""Objects in the clouds through obstore, the extra `fast`. Only `client` and `s3` load it."""
