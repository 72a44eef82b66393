"""What `notebooks/multiverse.ipynb` computes with and draws."""
