"""The published language: frozen messages, the envelope around them, and the topic catalogue."""
