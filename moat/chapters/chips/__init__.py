"""What `notebooks/chips.ipynb` computes with and draws."""
