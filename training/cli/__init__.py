"""Commands that train networks and evaluate them."""
