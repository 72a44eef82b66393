"""What `notebooks/bill.ipynb` computes with and draws."""
