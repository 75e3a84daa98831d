"""What all optimisers share: flat vectors, groups, frozen parameters, saved state."""
