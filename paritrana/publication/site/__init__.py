"""The public pages about regions, past winners and open data: published figures alone, each with its source."""
