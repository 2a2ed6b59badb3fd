"""Pictures of an execution: a graph of its steps, and a page that tells of its runs."""
