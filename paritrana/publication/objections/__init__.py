"""The objection window after a publication: a nominee objects to a finding or a condition, and is answered."""
