"""What `notebooks/distillation.ipynb` computes with and draws."""
