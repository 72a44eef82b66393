"""One scale of capability from many benchmarks, and a scale that knows only ranks."""
