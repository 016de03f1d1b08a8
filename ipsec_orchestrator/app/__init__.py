"""One function for each thing a user can ask for; wiring of planning, engine and adapters."""
