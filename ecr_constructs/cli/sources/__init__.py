"""Where policies and images come from, as files hold them."""
