"""What `notebooks/scissors.ipynb` computes with and draws."""
