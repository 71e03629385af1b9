"""What every Millrace service stands on: kernel, events, bus, database, telemetry, web, runtime."""
