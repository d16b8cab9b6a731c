"""A small reference model of the collection, and the random sequences that a server is compared with it by."""
