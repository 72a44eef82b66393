"""What `notebooks/capability-laws.ipynb` computes with and draws."""
