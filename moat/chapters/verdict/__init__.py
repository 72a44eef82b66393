"""What `notebooks/verdict.ipynb` computes with and draws."""
