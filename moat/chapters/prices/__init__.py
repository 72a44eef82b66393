"""What `notebooks/prices.ipynb` computes with and draws."""
