"""What `notebooks/chinchilla-refit.ipynb` computes with and draws."""
