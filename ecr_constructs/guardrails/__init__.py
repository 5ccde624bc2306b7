"""`Guardrails`: compliance rules that are checked when an app synthesizes."""

__all__: list[str] = []
