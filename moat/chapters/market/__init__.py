"""What `notebooks/market.ipynb` computes with and draws."""
