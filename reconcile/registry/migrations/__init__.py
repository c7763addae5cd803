"""Steps from one schema of the registry to the next, shipped with the package."""
