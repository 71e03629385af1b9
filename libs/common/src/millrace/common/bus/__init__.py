"""How services hear each other: one small port, three drivers (memory, postgres, kafka)."""
