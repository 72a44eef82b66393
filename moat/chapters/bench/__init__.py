"""What `notebooks/bench.ipynb` computes with and draws."""
