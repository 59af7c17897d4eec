"""What can be typed behind `yimi`, and what is said of anything else."""
