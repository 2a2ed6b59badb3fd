"""Objects in the clouds through obstore, the extra `fast`. Importing this loads no obstore."""
