"""After the publication: a later run that two people put in the place of the published one, and the titles it moves."""
