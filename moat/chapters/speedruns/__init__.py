"""What `notebooks/speedruns.ipynb` computes with and draws."""
