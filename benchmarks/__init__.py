"""The same work done by this project and by peers, measured on the machine at hand."""
