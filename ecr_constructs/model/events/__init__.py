"""The events of Amazon ECR, Amazon Inspector and AWS CloudTrail about images: event patterns and messages."""
