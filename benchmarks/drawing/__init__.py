"""Pictures of graphs beside torchviz and torchview: the same seven programs, and graphs of up to 100,000 operations."""
