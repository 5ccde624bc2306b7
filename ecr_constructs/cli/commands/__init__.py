"""What a person types: one room for each subcommand."""
