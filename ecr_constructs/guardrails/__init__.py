"""Rules for a whole app, which are checked when it synthesizes: `Guardrails`, and the recorded baseline."""

__all__: list[str] = []
