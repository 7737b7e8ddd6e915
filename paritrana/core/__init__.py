"""The rules of the award, in plain Python: no Flask, no database, no clock, no float in a result."""
