"""PostgreSQL servers of our own: the embedded one, and throwaway databases."""
