"""The sandbox's web APIs."""
