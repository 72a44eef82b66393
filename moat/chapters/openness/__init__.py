"""What `notebooks/openness.ipynb` computes with and draws."""
