"""What `notebooks/allocation.ipynb` computes with and draws."""
