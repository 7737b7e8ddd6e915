"""Pictures of the pages of a document: drawn in a limited process, kept like every other file, shown one by one."""
