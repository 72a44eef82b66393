"""What `notebooks/scoreboard.ipynb` computes with and draws."""
