"""Commands that train networks and judge them."""
