"""What `notebooks/experts.ipynb` computes with and draws."""
