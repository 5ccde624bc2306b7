"""The program of constructs that declares existing resources, with the mapping to import them and a report."""
