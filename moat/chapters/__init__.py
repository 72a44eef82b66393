"""One room a chapter: what a single notebook computes with and draws."""
