"""What `notebooks/isoflop.ipynb` computes with and draws."""
