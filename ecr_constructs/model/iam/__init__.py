"""IAM policies as ECR and KMS read them: values, principals, conditions, actions and whole statements."""

__all__: list[str] = []
