"""The HTTP API: FastAPI routes over the use cases, problem+json errors, live events."""
