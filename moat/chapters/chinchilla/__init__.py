"""What `notebooks/chinchilla.ipynb` computes with and draws."""
