"""The `ecr-constructs` command: lifecycle policies explained, checked and replayed before they delete anything."""
