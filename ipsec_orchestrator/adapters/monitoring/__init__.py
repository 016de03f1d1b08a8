"""Monitoring: metrics as Prometheus reads them, and the rules and dashboard that come with them."""
