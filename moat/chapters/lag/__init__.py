"""What `notebooks/lag.ipynb` computes with and draws."""
