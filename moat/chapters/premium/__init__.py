"""What `notebooks/premium.ipynb` computes with and draws."""
