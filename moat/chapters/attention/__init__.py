"""What `notebooks/attention.ipynb` computes with and draws."""
