"""Small GPTs and the techniques under test, run in the open: config, training, records, estimates."""
