"""The commands of `sfs swf`: executions on Amazon SWF, and the processes that carry them out."""
