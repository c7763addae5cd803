"""What a file looks like: its profile, its first rows masked, what was noticed."""
