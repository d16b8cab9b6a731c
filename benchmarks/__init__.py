"""The mock's speed and size beside its peers', measured in one run: ``python -m benchmarks`` (`make bench`)."""
