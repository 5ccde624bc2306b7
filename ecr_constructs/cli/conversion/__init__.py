"""From a policy back to the Python that builds it."""
