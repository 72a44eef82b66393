"""What `notebooks/kaplan-to-chinchilla.ipynb` computes with and draws."""
