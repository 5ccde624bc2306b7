"""The program of constructs that declares what exists, with the mapping to import it and a report."""
