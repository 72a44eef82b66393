"""What `notebooks/sparse-experts.ipynb` computes with and draws."""
