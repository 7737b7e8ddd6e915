"""Demo and reference data: the files of `seed/` brought into the database."""
