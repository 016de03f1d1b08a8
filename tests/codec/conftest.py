"""How hypothesis runs: a busy machine is no reason to fail, so examples have no deadline."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
