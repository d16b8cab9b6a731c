"""Sessions, state, journal, faults and clock of a running mock. Knows no domain and no framework."""
