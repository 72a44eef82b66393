"""What `notebooks/overtraining.ipynb` computes with and draws."""
