"""Steps: names and selection, markers, the step itself, and what a workflow inherits to have them."""
