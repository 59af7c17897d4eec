"""The port across processes: values as JSON, sockets, the two ends."""
