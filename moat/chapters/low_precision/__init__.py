"""What `notebooks/low-precision.ipynb` computes with and draws."""
