"""The operations of the control API, each a function of one signature: a call in, an outcome or a raw answer out."""
