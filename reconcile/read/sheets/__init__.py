"""Spreadsheets: measured before they are read, then read as a person sees them."""
