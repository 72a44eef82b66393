"""From notebooks to a book: strict execution, staging, roles for prose, checks of the result."""
