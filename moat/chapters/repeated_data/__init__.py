"""What `notebooks/repeated-data.ipynb` computes with and draws."""
