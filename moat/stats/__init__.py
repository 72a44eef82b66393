"""Statistics that several chapters share: estimates, intervals, resampling, shares, luck."""
