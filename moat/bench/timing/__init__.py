"""How fast single layers are on a device."""
