"""Templates of certificates: written by organisers, looked at as they will be printed; and how names are spelt."""
