"""The frontier of capability: who leads, by how much, and at what price."""
