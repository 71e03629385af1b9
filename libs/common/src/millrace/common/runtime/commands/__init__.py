"""The work behind the commands; each module is imported only when it is used."""
