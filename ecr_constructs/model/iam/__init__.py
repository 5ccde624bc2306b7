"""IAM policies as ECR and KMS read them: values, principals, conditions, actions and whole statements."""
