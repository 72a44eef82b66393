"""What `notebooks/float8.ipynb` computes with and draws."""
