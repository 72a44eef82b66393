"""The table of models: joined, cleaned, with labs and active parameters."""
