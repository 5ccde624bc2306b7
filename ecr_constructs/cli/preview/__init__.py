"""The preview of policies over repositories, and the gates of a pipeline."""
