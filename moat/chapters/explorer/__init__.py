"""What `notebooks/explorer.ipynb` computes with and draws."""
