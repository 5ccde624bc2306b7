"""The price of the storage of images, a month."""
