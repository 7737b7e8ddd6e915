"""The register of certificates as its organisers see it: to look through, to print from, and to end what is wrong."""
