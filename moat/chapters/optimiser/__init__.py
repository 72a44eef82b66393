"""What `notebooks/optimiser.ipynb` computes with and draws."""
