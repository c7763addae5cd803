"""Numbers go back to the SIS: what it lacks, beside what it holds, in the shape of its own tables."""
